import type { Context } from 'koa';
import type { LegacyBearer } from '#src/oidc/legacy-bridge.ts';
import type { LegacyTerms } from '#src/oidc/legacy-terms.ts';
import { allowOwnOrigins } from './cross-origin.ts';
import type { Old } from './old.ts';
import { refusalOf } from './permission.ts';
import { bearerToken } from './revoke.ts';

/** GET /api/users/current-user: the signed-in person in the old envelope, as far as the token's scopes reach. */
export const currentUser: Old = {
  methods: 'GET',
  crossOrigin: true,
  answers: true,
  async translate(ctx, { bridge, now }) {
    const bearer = await bridge.bearer(bearerToken(ctx.get('Authorization')));
    if (!bearer) return void refuse(ctx, 'the access token is not valid');
    const { client } = bearer;
    allowOwnOrigins(ctx, client);
    const refusal = refusalOf(client, ['current-user'], now());
    if (refusal) return void refuse(ctx, refusal.text);
    ctx.body = { status: 200, family: 'SUCCESSFUL', reason: 'OK', data: userOf(bearer, client.terms?.current_user), problems: [] };
    return { client, forms: ['current-user'] };
  },
};

/** The success envelope is documented; this one follows its pattern with the names of HTTP's own classes. */
function refuse(ctx: Context, problem: string): void {
  ctx.status = 401;
  ctx.set('WWW-Authenticate', 'Bearer error="invalid_token"');
  ctx.body = { status: 401, family: 'CLIENT_ERROR', reason: 'Unauthorized', data: null, problems: [problem] };
}

type Spellings = NonNullable<LegacyTerms['current_user']>;

/** Fields of the old record by the scope that opens them. What we do not hold, or cannot spell, is left out. */
const FIELDS: Readonly<Record<string, (bearer: LegacyBearer, spellings: Spellings) => Record<string, unknown>>> = {
  openid: ({ subject }, spellings) => ({ entityId: subject, accountStatus: spellings.account_status }),
  profile: ({ account: { person } }, spellings) => ({
    firstName: person.firstName,
    lastName: person.lastName,
    displayName: `${person.firstName} ${person.lastName}`,
    gender: person.gender && spellings.gender ? spellings.gender[person.gender] : person.gender,
    // Midnight UTC is the same civil date in Tehran; midnight of Tehran is the day before in UTC.
    birthDate: Date.parse(`${person.birthDate}T00:00:00Z`),
  }),
  national_id: ({ account: { identifier } }) => ({ login: identifier.value, nationalCode: identifier.kind === 'national' ? identifier.value : undefined }),
  phone: ({ account }, spellings) => ({ mobile: spellings.mobile === 'e164' ? account.mobile : account.mobile.replace(/^\+98/, '0') }),
  email: ({ account }) => ({ email: account.email }),
};

const userOf = (bearer: LegacyBearer, spellings: Spellings = { mobile: 'local' }): Record<string, unknown> =>
  Object.assign({}, ...Object.entries(FIELDS).map(([scope, fields]) => (bearer.scopes.has(scope) ? fields(bearer, spellings) : {})));
