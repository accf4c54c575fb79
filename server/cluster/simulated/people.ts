import { pick } from './define.ts';
import type { Cell } from './model.ts';

const FIRST =
  'Ada Amira Björn Chiara Dmitri Emeka Fatou Grace Hiroshi Inés Jamal Kaveh Léa Maryam Noor Olu Priya Quynh Rosa Søren Tariq Uma Víctor Wanjiru Xiu Yusuf Zoë'.split(
    ' ',
  );
const LAST =
  'Abe Bauer Castillo Dąbrowski Eriksen Fernández García Haddad Ivanova Jensen Kowalski López Müller Nakamura Okafor Petrov Quispe Rossi Singh Tanaka Ueda Varga Wójcik Yılmaz Zhang'.split(
    ' ',
  );

export function personName(cell: Cell): string {
  return `${pick(FIRST, cell.random(FIRST.length))} ${pick(LAST, cell.random(LAST.length, 1))}`;
}

/** Another for every row. */
export function emailAddress(domain: string): (cell: Cell) => string {
  return ({ ordinal }) => `customer${ordinal + 1}@${domain}.example`;
}

const WORDS =
  'arrived late parcel gift box blue left at door please call before noon neighbour has key fragile second floor bell broken thanks again signed by front desk'.split(
    ' ',
  );

/** Some words; now and then what COPY text has to escape. */
export function remark(cell: Cell): string {
  const words = Array.from({ length: 3 + cell.random(12) }, (_, index) =>
    pick(WORDS, cell.random(WORDS.length, index + 1)),
  );
  switch (cell.random(40, 100)) {
    case 0:
      return words.join('\n');
    case 1:
      return words.join('\t');
    case 2:
      return `C:\\${words.join('\\')}`;
    case 3:
      return '';
    default:
      return words.join(' ');
  }
}
