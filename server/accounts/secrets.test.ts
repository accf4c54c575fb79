import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { openSecrets, Secrets } from './secrets.ts';

describe('Secrets', () => {
  const secrets = new Secrets(randomBytes(32));

  it('gives back what it sealed, and seals nothing twice alike', () => {
    const text = 's3://b/p?AWS_SECRET_ACCESS_KEY=a+b/c=%25 ü';
    const sealed = secrets.seal(text, 'url');
    expect(sealed).not.toContain('AWS');
    expect(secrets.seal(text, 'url')).not.toBe(sealed);
    expect(secrets.unseal(sealed, 'url')).toBe(text);
  });

  it('refuses another purpose, another key, a changed byte, and what was never sealed', () => {
    const sealed = secrets.seal('text', 'url');
    const damaged = `${sealed.slice(0, -2)}${sealed.endsWith('AA') ? 'BB' : 'AA'}`;
    expect(() => secrets.unseal(sealed, 'other')).toThrow('another key');
    expect(() => new Secrets(randomBytes(32)).unseal(sealed, 'url')).toThrow('another key');
    expect(() => secrets.unseal(damaged, 'url')).toThrow('another key');
    expect(() => secrets.unseal('plain', 'url')).toThrow('another key');
    expect(() => secrets.unseal('v1.AAAA', 'url')).toThrow('another key');
  });
});

describe('openSecrets', () => {
  it('makes one key for all that open at once, readable by its owner alone, and keeps it', async () => {
    const directory = await mkdtemp(path.join(tmpdir(), 'holdfast-secrets-'));
    try {
      const opened = await Promise.all(
        Array.from({ length: 8 }, () => openSecrets(path.join(directory, 'data'))),
      );
      const sealed = opened[0]?.seal('text', 'p') ?? '';
      for (const one of opened) expect(one.unseal(sealed, 'p')).toBe('text');
      const file = path.join(directory, 'data', 'secret.key');
      expect((await stat(file)).mode & 0o777).toBe(0o600);
      expect((await openSecrets(path.join(directory, 'data'))).unseal(sealed, 'p')).toBe('text');
      expect(await readFile(file, 'utf8')).toMatch(/^[A-Za-z0-9+/]{43}=\n$/);
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  it('refuses a file that is no key instead of making another one', async () => {
    const directory = await mkdtemp(path.join(tmpdir(), 'holdfast-secrets-'));
    try {
      await writeFile(path.join(directory, 'secret.key'), 'oops\n');
      await expect(openSecrets(directory)).rejects.toThrow('is not a secret key');
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});
