import { UploadLane } from './upload-lane';

function held() {
  let release: () => void = () => undefined;
  const done = new Promise<void>((resolve) => (release = resolve));
  return { done, release };
}

describe('UploadLane', () => {
  it('runs only so many jobs at once, in their order', async () => {
    const lane = new UploadLane(2);
    const jobs = [held(), held(), held(), held()];
    const started: number[] = [];
    const all = jobs.map((job, index) =>
      lane.run(() => {
        started.push(index);
        return job.done;
      }),
    );
    expect(started).toEqual([0, 1]);
    jobs[1].release();
    await all[1];
    await vi.waitFor(() => expect(started).toEqual([0, 1, 2]));
    jobs.forEach(({ release }) => release());
    await Promise.all(all);
    expect(started).toEqual([0, 1, 2, 3]);
  });

  it('goes on after a job that failed', async () => {
    const lane = new UploadLane(1);
    const failing = lane.run(() => Promise.reject(new Error('no')));
    const next = lane.run(() => Promise.resolve('yes'));
    await expect(failing).rejects.toThrow('no');
    await expect(next).resolves.toBe('yes');
  });
});
