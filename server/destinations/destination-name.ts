import { HoldfastError } from '../errors.ts';

/** Fits on a card and into a list. */
const MOST_CHARACTERS = 60;

/** A name for a destination as somebody typed it, without blanks around it. Throws `invalid-value` about the field `name`. */
export function parseDestinationName(text: string): string {
  const name = text.trim();
  const problem = problemOf(name);
  if (problem === null) return name;
  throw new HoldfastError('invalid-value', problem, {
    hint: 'A name is a few words for people, such as Offsite or Archive EU.',
    field: 'name',
  });
}

function problemOf(name: string): string | null {
  if (name === '') return 'The destination has no name.';
  if (/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(name)) return 'The name has control or invisible characters.';
  if ([...name].length > MOST_CHARACTERS) return `The name is longer than ${MOST_CHARACTERS} characters.`;
  return null;
}
