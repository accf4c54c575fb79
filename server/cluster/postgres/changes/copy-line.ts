import { copyEscaped, copyUnescaped } from '../../copy-escape.ts';

/** One line of COPY text in which each character is a byte, without its newline: what is special in it is ASCII. */
export function copyLine(values: readonly (string | null)[]): string {
  return values.map((value) => (value === null ? '\\N' : copyEscaped(value))).join('\t');
}

/** The values of a line in which none is NULL, as text. */
export function textsOf(line: string): string[] {
  return line.split('\t').map((value) => Buffer.from(copyUnescaped(value), 'latin1').toString());
}
