/** Rows of 0 and 1 as the path of a drawing, a run of dark modules at a time. */
export function pathOfQr(rows: readonly string[]): string {
  let path = '';
  rows.forEach((row, y) => {
    for (const run of row.matchAll(/1+/g)) path += `M${run.index} ${y}h${run[0].length}v1h-${run[0].length}z`;
  });
  return path;
}
