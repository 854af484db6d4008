export interface CurlRequest {
  /** The absolute address of the route. */
  readonly url: string;
  readonly fileName: string;
  readonly confidence: number;
  /** Ids to keep; null: all. */
  readonly classes: readonly number[] | null;
  readonly hasKey: boolean;
}

/** The request as a shell command. The key is never in it, only the name of a variable. */
export function curlCommand(request: CurlRequest): string {
  const url = new URL(request.url);
  url.searchParams.set('conf', String(request.confidence));
  if (request.classes) url.searchParams.set('classes', request.classes.join(','));
  const header = request.hasKey ? ' -H "X-API-Key: $SIGHTGLASS_API_KEY"' : '';
  // Commas between ids need no escape in a query, and read better without.
  const address = quoted(url.href.replaceAll('%2C', ','));
  return `curl${header} -F ${quoted(`file=@"${inQuotes(request.fileName)}"`)} ${address}`;
}

/** As curl wants a file name between double quotes, in which a semicolon is no separator. */
function inQuotes(name: string): string {
  return name.replaceAll('\\', '\\\\').replaceAll('"', '\\"');
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
