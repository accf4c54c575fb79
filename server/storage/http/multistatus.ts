import { StringDecoder } from 'node:string_decoder';
import type { XMLParser } from 'fast-xml-parser';

/** One `response` of a multistatus (RFC 4918, 14.24). */
export interface Member {
  /** The decoded parts of its path. */
  parts: string[];
  directory: boolean;
  /** Null where the server doesn't say. */
  bytes: number | null;
  /** What the server says of it where that isn't 200: its properties couldn't be read, or it is gone. */
  status: number;
}

/** The namespace of WebDAV's own elements. */
const DAV = 'DAV:';
/** More than a server writes about one file. */
const LONGEST_RESPONSE = 1024 * 1024;

const OPEN_TAG = /<(?:[^\s:<>/?!]+:)?multistatus(?:\s[^>]*)?>/;
const RESPONSE_END = /<\/(?:[^\s:<>/]+:)?response\s*>/;
const CLOSE_TAG = /<\/((?:[^\s:<>/]+:)?multistatus)\s*>/;

/** The parser is loaded by the first listing: most stores never see one. */
async function newParser(): Promise<XMLParser> {
  const { XMLParser: Parser } = await import('fast-xml-parser');
  return new Parser({
    ignoreAttributes: false,
    attributeNamePrefix: '@',
    textNodeName: '#text',
    parseTagValue: false,
    parseAttributeValue: false,
    // Also what decodes &#39;.
    htmlEntities: true,
  });
}

/** What came is no multistatus, or not all of one. */
export class MultistatusError extends Error {
  /** It ends before its end. */
  readonly cutOff: boolean;
  constructor(message: string, cutOff = false) {
    super(message);
    this.name = 'MultistatusError';
    this.cutOff = cutOff;
  }
}

/**
 * Reads the members of a multistatus while it comes: a directory of a hundred thousand files is never held. It is cut
 * after each `response`, and the pieces are parsed. Throws MultistatusError, and what the chunks throw.
 */
export async function* readMultistatus(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Member> {
  const parser = await newParser();
  const decoder = new StringDecoder('utf8');
  let text = '';
  let openTag: string | null = null;
  for await (const chunk of chunks) {
    text += decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    if (openTag === null) {
      const open = OPEN_TAG.exec(text);
      if (open === null) {
        if (text.length > LONGEST_RESPONSE) throw new MultistatusError('it is no multistatus');
        continue;
      }
      openTag = open[0];
      text = text.slice(open.index + openTag.length);
      if (openTag.endsWith('/>')) return;
    }
    for (let end = RESPONSE_END.exec(text); end !== null; end = RESPONSE_END.exec(text)) {
      const after = end.index + end[0].length;
      yield readResponse(parser, openTag, text.slice(0, after));
      text = text.slice(after);
    }
    if (text.length > LONGEST_RESPONSE) throw new MultistatusError('one of its responses has no end');
  }
  if (openTag === null) throw new MultistatusError('it is no multistatus');
  if (!CLOSE_TAG.test(text)) throw new MultistatusError('it ends too early', true);
}

function readResponse(parser: XMLParser, openTag: string, response: string): Member {
  const name = /^<([^\s>]+)/.exec(openTag)?.[1] ?? '';
  const root: unknown = parser.parse(`${openTag}${response}</${name}>`);
  const [multistatus] = elements({ node: root, names: new Map() }, 'multistatus');
  const [element] = multistatus === undefined ? [] : elements(multistatus, 'response');
  const [href] = element === undefined ? [] : elements(element, 'href');
  if (element === undefined || href === undefined) throw new MultistatusError('a response has no href');
  const found = elements(element, 'propstat').filter((propstat) => statusOf(propstat) === 200);
  const props = found.flatMap((propstat) => elements(propstat, 'prop'));
  const types = props.flatMap((prop) => elements(prop, 'resourcetype'));
  const lengths = props.flatMap((prop) => elements(prop, 'getcontentlength')).map(textOf);
  const length = lengths.find((text) => /^\d{1,15}$/.test(text));
  const { parts, slash } = readHref(textOf(href));
  return {
    parts,
    directory: slash || types.some((type) => elements(type, 'collection').length > 0),
    bytes: length === undefined ? null : Number(length),
    status: found.length > 0 ? 200 : (statusOf(element) ?? 200),
  };
}

/** An element, and the namespaces that prefixes stand for in it; the default one has the prefix ''. */
interface Scoped {
  node: unknown;
  names: ReadonlyMap<string, string>;
}

/** The child elements of that name in WebDAV's namespace. */
function elements({ node, names }: Scoped, local: string): Scoped[] {
  if (!isRecord(node)) return [];
  return Object.entries(node)
    .filter(([tag]) => tag.slice(tag.indexOf(':') + 1) === local)
    .flatMap(([tag, value]) =>
      (Array.isArray(value) ? (value as unknown[]) : [value]).flatMap((child) => {
        const scope = declared(child, names);
        const prefix = tag.includes(':') ? tag.slice(0, tag.indexOf(':')) : '';
        return scope.get(prefix) === DAV ? [{ node: child, names: scope }] : [];
      }),
    );
}

function declared(node: unknown, outer: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  if (!isRecord(node)) return outer;
  const own = Object.entries(node).flatMap(([key, value]): [string, string][] => {
    const prefix = /^@xmlns(?::(.+))?$/.exec(key);
    return prefix === null || typeof value !== 'string' ? [] : [[prefix[1] ?? '', value]];
  });
  return own.length === 0 ? outer : new Map([...outer, ...own]);
}

function textOf({ node }: Scoped): string {
  const text = isRecord(node) ? node['#text'] : node;
  return typeof text === 'string' ? text : '';
}

/** Of `HTTP/1.1 200 OK`; null where it says nothing. */
function statusOf(scoped: Scoped): number | null {
  const [status] = elements(scoped, 'status').map(textOf);
  const code = status === undefined ? undefined : /^\S+\s+(\d{3})/.exec(status)?.[1];
  return code === undefined ? null : Number(code);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * A path, or a whole URL; a server's own, so that its host says nothing. Not by the URL class: some servers leave `?` and `#` in
 * names as they are.
 */
function readHref(href: string): { parts: string[]; slash: boolean } {
  const path = href.replace(/^[A-Za-z][A-Za-z0-9+.-]*:\/\/[^/]*/, '');
  return {
    parts: path
      .split('/')
      .filter((part) => part !== '')
      .map(decoded),
    slash: path.endsWith('/'),
  };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
