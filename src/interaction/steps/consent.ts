import { ProfileError } from '#src/errors.ts';
import { apisShown, identifierLabel, scopeValues } from '../consent-claims.ts';
import { none } from '../fields.ts';
import { step } from '../step.ts';

/** In plain words: who asks, what it gets. Only for third parties, or when a relying party asks for it. */
export const consent = step({
  name: 'consent',
  form: none,

  async show({ durable, progress, demand, client, language, api }) {
    const account = await durable.accounts.find(progress.subject ?? '');
    if (!account) throw new ProfileError('expired');
    const before = client ? await durable.consents.find(account.subject, client.id) : undefined;
    const apis = await apisShown(demand.scopes, language, api);
    // A client that asks at each sign-in asks for nothing more.
    const again = before !== undefined && demand.scopes.some((scope) => !before.includes(scope));
    return { apis, again, person: identifierLabel(account), claims: scopeValues(account, demand.scopes) };
  },

  submit: () => ({ errors: { form: { code: 'required' } } }),

  actions: {
    async allow({ durable, progress, demand, client, now }) {
      if (!progress.subject || !client) throw new ProfileError('expired');
      await durable.consents.allow(progress.subject, client.id, demand.scopes, now());
      return { progress: { ...progress, decision: 'allow' } };
    },
    deny: ({ progress }) => ({ progress: { ...progress, decision: 'deny' } }),
  },
});
