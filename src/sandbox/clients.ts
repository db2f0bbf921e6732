import type { Clients, StoredClient } from '#src/identity/ports.ts';

/** The command's clients before the stored ones: what it says today holds, whatever an earlier start said. Nothing of them is stored. */
export const withClients = (clients: Clients, own: readonly StoredClient[]): Clients => ({
  ...clients,
  find: async (clientId) => own.find((client) => client.clientId === clientId) ?? clients.find(clientId),
});
