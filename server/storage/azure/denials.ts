import type { AzureRequest } from './errors.ts';

/** A refusal, and when it was: by the service's clock, where its answer says, and by ours. */
export interface Refused extends AzureRequest {
  /** The `Date` of the answer. */
  servedAt: string | undefined;
  now: number;
}

export interface Denial {
  words: string;
  hint: string;
}

/** How far a signed request's clock may be off: https://learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key */
const CLOCK_TOLERANCE_MINUTES = 15;

/** What each needs: https://learn.microsoft.com/rest/api/storageservices/create-service-sas#specify-permissions */
const NEEDED: Readonly<Record<AzureRequest['operation'], { letter: string; verb: string }>> = {
  write: { letter: 'w', verb: 'write files' },
  read: { letter: 'r', verb: 'read files' },
  list: { letter: 'l', verb: 'list files' },
  remove: { letter: 'd', verb: 'delete files' },
};

const NEW_TOKEN =
  'Make a token for the container with the permissions rcwdl, and save it for this destination.';

/** Why the service refused, by its code; null where that is no refusal. The codes: see errors.ts. */
export function denial(code: string | null, refused: Refused): Denial | null {
  const { location, operation } = refused;
  const { account, credentials } = location;
  switch (code) {
    case 'AuthenticationFailed':
      return notAuthenticated(refused);
    case 'AuthorizationPermissionMismatch':
    case 'InsufficientAccountPermissions':
      return notPermitted(refused);
    case 'AuthorizationFailure':
      return {
        words: `the account ${account} does not let this machine ${NEEDED[operation].verb} with these credentials`,
        hint: 'Look at the account’s networking (firewall, private endpoints) and at what the credentials are allowed to do.',
      };
    case 'AuthorizationServiceMismatch':
      return { words: 'the SAS token is for other services than Blob', hint: NEW_TOKEN };
    case 'AuthorizationResourceTypeMismatch':
      return {
        words: `the SAS token is not for ${operation === 'list' ? 'containers' : 'objects'}`,
        hint: 'An account SAS needs the resource types Container and Object (srt=co).',
      };
    case 'AuthorizationProtocolMismatch':
      return { words: 'the SAS token is for https only', hint: 'Write https:// in AZURE_ENDPOINT.' };
    case 'AuthorizationSourceIPMismatch':
      return { words: 'the SAS token is for other addresses than this machine’s', hint: NEW_TOKEN };
    case 'KeyBasedAuthenticationNotPermitted':
      return {
        words: `the account ${account} takes no account keys, nor tokens signed with them`,
        hint: 'Use AUTH=implicit, or allow access by storage account key in the account’s configuration.',
      };
    case 'NoAuthenticationInformation':
    case 'PublicAccessNotPermitted':
    case 'InvalidAuthenticationInfo':
      return {
        words: 'the credentials were not understood',
        hint:
          credentials.kind === 'sas'
            ? 'Copy AZURE_SAS_TOKEN whole, percent-encoded in the URL: it has sv=, sp= and sig= in it.'
            : 'Check that the credentials are those of this account.',
      };
    case 'AccountIsDisabled':
      return {
        words: `the account ${account} is disabled`,
        hint: 'Look at the subscription that it belongs to.',
      };
    case 'ContainerDisabled':
      return {
        words: `the container ${location.container} was disabled`,
        hint: 'Ask who administers the account.',
      };
    case 'BlobImmutableDueToPolicy':
      return {
        words: 'an immutability policy or a legal hold keeps it',
        hint: 'It can be deleted when the policy’s time is over. What is already there stays and does no harm.',
      };
    default:
      return null;
  }
}

function notAuthenticated(refused: Refused): Denial {
  const { account, credentials } = refused.location;
  const served = refused.servedAt === undefined ? NaN : Date.parse(refused.servedAt);
  const minutes = Math.round((refused.now - served) / 60_000);
  if (credentials.kind === 'key' && Math.abs(minutes) >= CLOCK_TOLERANCE_MINUTES)
    return {
      words: `the clock of this machine is ${Math.abs(minutes)} minutes ${minutes < 0 ? 'slow' : 'fast'}, and Azure takes no request that is off by more than ${CLOCK_TOLERANCE_MINUTES}`,
      hint: 'Set the clock of this machine right.',
    };
  switch (credentials.kind) {
    case 'key':
      return {
        words: `the account key is none of the account ${account}`,
        hint: 'Copy one of its two access keys again: a key that was rotated no longer works.',
      };
    case 'sas':
      return badToken(credentials.token, account, Number.isNaN(served) ? refused.now : served);
    case 'implicit':
      return {
        words: `this machine’s identity is none that the account ${account} knows`,
        hint: 'The identity has to be of the tenant that the account belongs to.',
      };
  }
}

function badToken(token: string, account: string, now: number): Denial {
  const parameters = new URLSearchParams(token);
  const [starts, expires] = [parameters.get('st'), parameters.get('se')];
  if (expires !== null && Date.parse(expires) <= now)
    return { words: `the SAS token has expired, on ${printed(expires)}`, hint: NEW_TOKEN };
  if (starts !== null && Date.parse(starts) > now)
    return {
      words: `the SAS token is not valid before ${printed(starts)}`,
      hint: 'Wait, or make a token that is valid now.',
    };
  return {
    words: `the SAS token is not one of the account ${account}, or no longer`,
    hint: 'Copy it again, whole. It ends with the key or the policy that it was made from.',
  };
}

function notPermitted(refused: Refused): Denial {
  const { credentials, container } = refused.location;
  const { letter, verb } = NEEDED[refused.operation];
  if (credentials.kind === 'sas') {
    const permissions = new URLSearchParams(credentials.token).get('sp');
    const has = permissions === null || !/^[a-z]{1,16}$/.test(permissions) ? '' : ` (sp=${permissions})`;
    return { words: `the SAS token has no right to ${verb}: ${letter}${has}`, hint: NEW_TOKEN };
  }
  return {
    words: `the credentials have no right to ${verb} in the container ${container}`,
    hint: 'Give that identity the role Storage Blob Data Contributor on the container; it takes some minutes to count.',
  };
}

/** A time of the token's, normalised: nothing else of it gets out. */
function printed(time: string): string {
  return new Date(Date.parse(time)).toISOString().replace(/\.\d+Z$/, 'Z');
}
