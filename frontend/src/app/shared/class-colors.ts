// The palette of the server's annotated pictures (engine/annotate.py), so that both look alike.
const PALETTE = [
  '#ff3838', '#ff9d97', '#ff701f', '#ffb21d', '#cfd231', '#48f90a', '#92cc17', '#3ddb86',
  '#1a9334', '#00d4bb', '#2c99a8', '#00c2ff', '#344593', '#6473ff', '#0018ec', '#8438ff',
  '#520085', '#cb38ff', '#ff95c8', '#ff37c7',
]; // prettier-ignore

/** The colour of a class, as `#rrggbb`. */
export function classColor(classId: number): string {
  return PALETTE[classId % PALETTE.length];
}

/** Black or white, whichever reads better on the colour of a class (WCAG relative luminance). */
export function textOnClassColor(classId: number): string {
  return luminance(classColor(classId)) > 0.179 ? '#000000' : '#ffffff';
}

// https://www.w3.org/TR/WCAG22/#dfn-relative-luminance
function luminance(color: string): number {
  const [red, green, blue] = [1, 3, 5].map((start) => {
    const share = Number.parseInt(color.slice(start, start + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
