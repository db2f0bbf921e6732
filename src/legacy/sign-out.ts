import type { Old } from './old.ts';
import { type Refusal, refusalOf, refusedPage } from './permission.ts';

/**
 * GET /auth/signout?redirect_uri=: the standard sign-out, which asks the person first, because any page may send a browser here. The address is
 * compared as a whole with those of the clients; for any other there is nothing here.
 */
export const signOut: Old = {
  methods: 'GET',
  async translate(ctx, { bridge, store, now }) {
    const uri = ctx.query['redirect_uri'];
    const stored = typeof uri === 'string' ? await store.clientsOfSignout(uri) : [];
    const clients = await Promise.all(stored.map(({ clientId }) => bridge.client(clientId)));
    const judged = clients.map((client) => ({ client, refusal: refusalOf(client, ['signout'], now()) }));
    const client = judged.find(({ refusal }) => !refusal)?.client;
    if (!client) throw refusedPage(judged[0]?.refusal ?? NOBODYS, judged[0]?.client?.id);
    const query = new URLSearchParams({ client_id: client.id, post_logout_redirect_uri: String(uri) });
    ctx.url = `/session/end?${query}`;
    return { client, forms: ['signout'] };
  },
};

const NOBODYS: Refusal = { kind: 'unknown', text: 'no client has this sign-out address' };
