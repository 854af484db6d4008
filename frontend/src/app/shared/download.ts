/** Gives the browser a file to save. */
export function download(content: Blob, name: string): void {
  const url = URL.createObjectURL(content);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // Some browsers read it only after the click has returned.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** The same for a value, as indented JSON. */
export function downloadJson(value: unknown, name: string): void {
  const text = JSON.stringify(value, null, 2);
  download(new Blob([text], { type: 'application/json' }), name);
}

/** `street.jpg` -> `street-objects.png`. */
export function siblingName(name: string, addition: string): string {
  return name.replace(/\.[^.]*$/, '') + addition;
}
