import { expect, it } from 'vitest';
import { Asked } from './asked.ts';
import { Deadline } from './deadline.ts';

it('asks once at a time, and finds an answer that came too late the next time', async () => {
  let now = 0;
  let asks = 0;
  const answers: ((answer: string) => void)[] = [];
  const asked = new Asked<string>(
    (answer) => (answer === 'good' ? 100 : 10),
    () => now,
    2,
  );
  const ask = (key: string) =>
    asked.of(key, () => {
      asks += 1;
      return new Promise((resolve) => answers.push(resolve));
    });
  const hurry = new Deadline(1);
  const both = [hurry.by(ask('a')), hurry.by(ask('a'))];
  expect(await Promise.all(both)).toEqual([null, null]);
  expect(asks).toBe(1);
  answers[0]?.('good');
  expect(await ask('a')).toBe('good');
  now = 99;
  expect(await ask('a')).toBe('good');
  expect(asks).toBe(1);
  now = 100;
  void ask('a');
  expect(asks).toBe(2);
  answers[1]?.('bad');
  expect(await ask('a')).toBe('bad');
  now = 110;
  void ask('a');
  expect(asks).toBe(3);

  // What is out stays, however many there are; what was answered is forgotten, the oldest first.
  void ask('b');
  void ask('c');
  expect(asks).toBe(5);
  void ask('a');
  expect(asks).toBe(5);
  for (const answer of answers) answer('good');
  await Promise.all([ask('a'), ask('b'), ask('c')]);
  void ask('d');
  void ask('c');
  expect(asks).toBe(6);
  void ask('a');
  expect(asks).toBe(7);
});

it('lets whoever waits go on when it is closed', async () => {
  const deadline = new Deadline(3_600_000);
  const waiting = deadline.by(new Promise(() => undefined));
  deadline.close();
  expect(await waiting).toBeNull();
  expect(await deadline.by(Promise.resolve('late'))).toBe('late');
});
