import { inflateSync } from 'node:zlib';

// As much of PDF as reading back takes what the test browser prints: plain objects, deflated streams, fonts with a ToUnicode map
// (ISO 32000-1, 7.3, 9.4, 9.10.3).

/** The text of a printed document without any white space: lines break where the paper has them. */
export function printedText(pdf: Buffer): string {
  const objects = objectsOf(pdf);
  const unicode = new Map<string, Map<string, string>>();
  for (const [id, { head }] of objects) {
    const map = /\/ToUnicode (\d+) 0 R/.exec(head)?.[1];
    if (map !== undefined) unicode.set(id, unicodeMap(objects.get(map)?.body ?? ''));
  }
  let text = '';
  for (const { head } of objects.values()) {
    if (!/\/Type \/Page\b(?!s)/.test(head)) continue;
    const fonts = new Map(
      [...head.matchAll(/\/(F\d+) (\d+) 0 R/g)].map(([, name = '', id = '']) => [name, unicode.get(id)]),
    );
    for (const content of contentsOf(head)) {
      let font: Map<string, string> | undefined;
      for (const [, name, shown] of (objects.get(content)?.body ?? '').matchAll(
        /\/(F\d+) [\d.]+ Tf|(<[0-9A-F]+>|\[[^\]]*\]) ?T[jJ]/gi,
      )) {
        if (name !== undefined) font = fonts.get(name);
        for (const [, hex = ''] of (shown ?? '').matchAll(/<([0-9A-F]+)>/gi))
          for (const glyph of hex.match(/.{4}/g) ?? []) text += font?.get(glyph.toUpperCase()) ?? '';
      }
    }
  }
  return text.replace(/\s/g, '');
}

function contentsOf(page: string): string[] {
  const [, list = ''] = /\/Contents (\[[^\]]*\]|\d+ 0 R)/.exec(page) ?? [];
  return [...list.matchAll(/(\d+) 0 R/g)].map(([, id = '']) => id);
}

function objectsOf(pdf: Buffer): Map<string, { head: string; body: string }> {
  const objects = new Map<string, { head: string; body: string }>();
  const text = pdf.toString('latin1');
  for (const found of text.matchAll(/^(\d+) 0 obj\b/gm)) {
    const end = text.indexOf('endobj', found.index);
    const whole = text.slice(found.index, end);
    const start = /stream\r?\n/.exec(whole);
    const head = start === null ? whole : whole.slice(0, start.index);
    const length = Number(/\/Length (\d+)/.exec(head)?.[1] ?? 0);
    const from = found.index + (start === null ? 0 : start.index + start[0].length);
    const bytes = start === null ? Buffer.alloc(0) : pdf.subarray(from, from + length);
    const body = /\/FlateDecode/.test(head)
      ? inflateSync(bytes).toString('latin1')
      : bytes.toString('latin1');
    objects.set(found[1] ?? '', { head, body });
  }
  return objects;
}

/** Which characters each glyph stands for. */
function unicodeMap(cmap: string): Map<string, string> {
  const map = new Map<string, string>();
  for (const [, block = ''] of cmap.matchAll(/beginbfchar([\s\S]*?)endbfchar/g))
    for (const [, glyph = '', characters = ''] of block.matchAll(/<([0-9A-F]+)>\s*<([0-9A-F]+)>/gi))
      map.set(glyph.toUpperCase(), charactersOf(characters));
  for (const [, block = ''] of cmap.matchAll(/beginbfrange([\s\S]*?)endbfrange/g))
    for (const [, first = '', last = '', characters = ''] of block.matchAll(
      /<([0-9A-F]+)>\s*<([0-9A-F]+)>\s*<([0-9A-F]+)>/gi,
    ))
      for (let glyph = parseInt(first, 16); glyph <= parseInt(last, 16); glyph++)
        map.set(
          glyph.toString(16).toUpperCase().padStart(4, '0'),
          String.fromCodePoint(parseInt(characters, 16) + glyph - parseInt(first, 16)),
        );
  return map;
}

function charactersOf(hex: string): string {
  return Buffer.from(hex, 'hex').swap16().toString('utf16le');
}
