import { expect, test } from 'vitest';
import { DownloadMeter, type DownloadProgress } from '../../../src/lib/downloads/progress';

test('rate over the last seconds, and the time that is left at it', () => {
  let time = 0;
  const reports: DownloadProgress[] = [];
  const meter = new DownloadMeter(
    1_000,
    101_000,
    (report) => reports.push(report),
    () => time,
  );
  expect(reports).toEqual([{ loadedBytes: 1_000, totalBytes: 101_000, bytesPerSecond: 0, secondsLeft: null }]);
  for (let i = 0; i < 100; i++) {
    time += 10;
    meter.add(100);
  }
  // A report each tenth of a second.
  expect(reports.length).toBe(11);
  expect(reports.at(-1)).toMatchObject({ loadedBytes: 11_000, bytesPerSecond: 10_000, secondsLeft: 9 });
  time += 10_000;
  meter.add(0);
  time += 10_000;
  meter.add(0);
  expect(reports.at(-1)!.bytesPerSecond).toBe(0);
});

test('a file that starts over is taken back, and one that is longer than thought lengthens the whole', () => {
  let last: DownloadProgress | undefined;
  const meter = new DownloadMeter(
    0,
    100,
    (report) => (last = report),
    () => 0,
  );
  meter.add(60);
  meter.add(-60);
  meter.add(120);
  meter.correctTotal(20);
  meter.finish();
  expect(last).toMatchObject({ loadedBytes: 120, totalBytes: 120 });
});
