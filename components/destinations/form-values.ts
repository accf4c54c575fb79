import type { Outputs } from '../trpc.ts';
import { emptyFields, hasSecrets, type Kind, type LoginChoice, type PlaceFields } from './fields.ts';
import { fieldsOf } from './taken-apart.ts';

export type SavedDestination = Outputs['destinations']['list'][number];

/** What the form has: a name, and the place in pieces. */
export interface DestinationValues extends PlaceFields {
  name: string;
}

/** What the form begins with: a saved destination, a URL that was pasted elsewhere, or nothing. */
export function initialValues(
  saved: SavedDestination | undefined,
  url: string | undefined,
): DestinationValues {
  const fields = taken(saved?.url ?? url) ?? emptyFields('s3');
  if (saved === undefined) return { name: '', ...fields };
  const login: LoginChoice = saved.login === 'none' && fields.kind === 'gs' ? 'implicit' : saved.login;
  return { ...fields, name: saved.name, login };
}

function taken(url: string | undefined): PlaceFields | null {
  try {
    return url === undefined ? null : fieldsOf(url);
  } catch {
    return null;
  }
}

/** Nothing is typed of what opens it, so that what is stored goes on being used. */
export function keepsStored(values: PlaceFields, saved: SavedDestination | undefined): boolean {
  return (
    saved !== undefined &&
    saved.login === values.login &&
    values.login !== 'none' &&
    values.login !== 'implicit' &&
    !hasSecrets(values)
  );
}

const CONTAINER: Readonly<Record<Kind, string>> = {
  s3: 'bucket',
  gs: 'bucket',
  azure: 'container',
  http: 'host',
  nodelocal: '',
};

/** What is missing, by field; what else is wrong the console knows. */
export function problemsOf(
  values: DestinationValues,
  saved: SavedDestination | undefined,
): Partial<Record<keyof DestinationValues, string>> {
  const problems: Partial<Record<keyof DestinationValues, string>> = {};
  const need = (field: keyof DestinationValues, words: string): void => {
    if (values[field].trim() === '') problems[field] = words;
  };
  need('name', 'Give it a name.');
  const word = CONTAINER[values.kind];
  if (word !== '') {
    need('container', `Name the ${word}.`);
    if (/[/?#@\s]/.test(values.container.trim()))
      problems.container = `The ${word} alone belongs here: what comes after it is the path, what opens it has fields of its own.`;
  }
  if (values.kind === 'azure') need('account', 'Name the storage account.');
  if (keepsStored(values, saved)) return problems;
  switch (values.login) {
    case 'keys':
      need('accessKeyId', 'Give the ID of the access key.');
      need('secretAccessKey', 'Give the secret of the access key.');
      break;
    case 'key':
      if (values.kind === 'gs') need('keyFile', 'Paste the key file, or choose it.');
      else need('accountKey', 'Give a key of the account.');
      break;
    case 'sas':
      need('sasToken', 'Give the signature.');
      break;
    case 'basic':
      need('user', 'Give the user.');
      need('password', 'Give the password.');
      break;
    case 'bearer':
      need('bearer', 'Give the token.');
      break;
    case 'implicit':
    case 'none':
  }
  return problems;
}
