/** Local date and time as "2026-11-30T06:12": what a chat template may write, and what a link keeps. */
export function localTime(now = new Date()): string {
  const pad = (value: number) => String(value).padStart(2, '0');
  const date = [now.getFullYear(), pad(now.getMonth() + 1), pad(now.getDate())].join('-');
  return `${date}T${pad(now.getHours())}:${pad(now.getMinutes())}`;
}
