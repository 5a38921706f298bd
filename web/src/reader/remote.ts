// Images that lie elsewhere. This page and its frames reach no foreign host; who wants to see them needs somebody who fetches them: the server.

export interface RemoteImages {
  /** May those of this sender be shown without asking. */
  always(sender: string): boolean;
  /** Null: it could not be had. */
  fetch(url: string): Promise<{ type: string; octets: ArrayBuffer } | null>;
}

/** Set by whoever can fetch; null: remote images stay away, and it is said. */
export const remote: { images: RemoteImages | null } = { images: null };
