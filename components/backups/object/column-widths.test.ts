import { expect, it } from 'vitest';
import { columnWidths } from './column-widths.ts';

it('is as wide as name, type and values ask for, within limits', () => {
  const columns = [
    { name: 'id', type: 'int' },
    { name: 'a name of a column', type: null },
    { name: 'at', type: 'timestamp with time zone and more' },
    { name: 'text', type: 'text' },
    { name: '日本', type: 'text' },
  ];
  const long = { shown: 'x'.repeat(2000), as: 'text', cut: true, bytes: 5000 } as const;
  expect(columnWidths(columns, [['1', null, null, long, '日本語日本語']])).toEqual([10, 21, 27, 47, 15]);
});
