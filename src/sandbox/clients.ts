import type { Clients, Durable, StoredClient } from '#src/identity/ports.ts';

/** The command's clients before the stored ones: what it says today holds, whatever an earlier start said. Nothing of them is stored. */
export const withClients = (clients: Clients, own: readonly StoredClient[]): Clients => ({
  ...clients,
  find: async (clientId) => own.find((client) => client.clientId === clientId) ?? clients.find(clientId),
});

/** The old sign-out finds its client by the address; those of the command are asked first here too. */
export const withOldSignOuts = (legacy: Durable['legacy'], own: readonly StoredClient[]): Durable['legacy'] => ({
  ...legacy,
  async clientsOfSignout(uri) {
    const terms = ({ metadata }: StoredClient) => metadata['legacy'] as { signout_uris?: readonly string[] } | undefined;
    const mine = own.filter((client) => terms(client)?.signout_uris?.includes(uri));
    return [...mine, ...(await legacy.clientsOfSignout(uri))];
  },
});
