import { s } from '../../i18n/settings';
import type { View } from '../../app/mailbox-view';
import { ask } from '../api';
import { AppPasswords } from './app-passwords';
import { Devices } from './devices';
import { useFetched } from '../fetched';
import { Loaded } from '../form';
import { History } from './history';
import { OwnPasskeys } from './passkeys';
import { Password } from './password';
import { SecondFactor } from './second-factor';

/** GET /account. */
export interface Overview {
  address: string;
  ownPassword: boolean;
  totp: 'on' | 'off' | 'waiting' | 'locked';
  totpSince?: string;
  recoveryCodesLeft: number;
}

interface Who {
  byAppPassword: boolean;
}

/** How one signs in, and who did. */
export function Safety({ view }: { view: View }) {
  const { client } = view;
  const account = useFetched(async () => {
    const [overview, who] = await Promise.all([ask<Overview>(client, '/account'), ask<Who>(client, '/session')]);
    return { overview, who };
  });
  return (
    <Loaded of={account.value} retry={account.again}>
      {({ overview, who }) => (
        <>
          {who.byAppPassword ? (
            <p class="card card-note">{s('safety.byAppPassword')}</p>
          ) : (
            <>
              <Password key={`p ${overview.totp}`} client={client} overview={overview} onChanged={account.again} />
              <SecondFactor client={client} overview={overview} onChanged={account.again} />
              <OwnPasskeys client={client} />
              <AppPasswords client={client} secondFactor={overview.totp === 'on'} />
            </>
          )}
          <Devices client={client} />
          <History client={client} />
        </>
      )}
    </Loaded>
  );
}
