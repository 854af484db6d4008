/** What a CSS colour is here and now, as `rgb(…)`: a canvas knows no variables and no schemes. */
export function resolvedColor(element: HTMLElement, css: string): string {
  const probe = document.createElement('span');
  probe.style.color = css;
  element.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}
