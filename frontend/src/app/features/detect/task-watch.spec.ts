import { provideHttpClient } from '@angular/common/http';
import { HttpTestingController, provideHttpClientTesting } from '@angular/common/http/testing';
import { signal } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { TaskAnswer } from '../../api/models/task-answer';
import { TaskStatus } from '../../api/models/task-status';
import { EventStreams } from '../../core/event-stream';
import { TaskWatch } from './task-watch';

const LIST = '/tasks?limit=200';
const LACKS = { code: 'scope_missing', title: 'Forbidden', detail: 'It lacks `read`.' };

function task(id: string, status: TaskStatus): TaskAnswer {
  return { task_id: id, status, progress: 0, attempts: 1, submitted_at: '' };
}

describe('TaskWatch without a stream', () => {
  let http: HttpTestingController;
  let watch: TaskWatch;
  let heard: Record<string, TaskStatus>;

  beforeEach(() => {
    vi.useFakeTimers();
    const closed = { open: () => ({ live: signal(false), close: () => undefined }) };
    TestBed.configureTestingModule({
      providers: [
        provideHttpClient(),
        provideHttpClientTesting(),
        { provide: EventStreams, useValue: closed },
      ],
    });
    http = TestBed.inject(HttpTestingController);
    watch = TestBed.inject(TaskWatch);
    heard = {};
  });

  afterEach(() => {
    http.verify();
    vi.useRealTimers();
  });

  const tick = () => vi.advanceTimersByTimeAsync(3_000);
  const settle = () => vi.advanceTimersByTimeAsync(0);

  function follow(count: number): string[] {
    const ids = Array.from({ length: count }, (_, index) => `t${index}`);
    for (const id of ids) watch.follow(id, ({ status }) => (heard[id] = status));
    return ids;
  }

  async function answer(ids: readonly string[], status: TaskStatus): Promise<void> {
    for (const id of ids) {
      http.expectOne(`/task/${id}`).flush(task(id, status));
      await settle();
    }
  }

  it('hears from the list, and asks for what is not in it', async () => {
    follow(2);
    await tick();
    http.expectOne(LIST).flush({ tasks: [task('t1', 'completed')] });
    await settle();
    await answer(['t0'], 'processing');
    expect(heard).toEqual({ t0: 'processing', t1: 'completed' });
  });

  it('asks for the oldest by their ids where the key may not list', async () => {
    const ids = follow(10);
    await tick();
    http.expectOne(LIST).flush(LACKS, { status: 403, statusText: 'Forbidden' });
    await settle();
    await answer(ids.slice(0, 8), 'completed');
    await answer(ids.slice(8), 'processing'); // the next ones at once, as none is left before them
    expect(Object.values(heard).filter((status) => status === 'completed')).toHaveLength(8);
    await tick(); // and not for the list again
    await answer(ids.slice(8), 'completed');
    expect(heard['t9']).toBe('completed');
  });

  it('tells of a task that the server no longer knows as failed', async () => {
    follow(1);
    await tick();
    http.expectOne(LIST).flush({ tasks: [] });
    await settle();
    const problem = { code: 'unknown_task', title: 'Not Found', detail: 'No such task.' };
    http.expectOne('/task/t0').flush(problem, { status: 404, statusText: 'Not Found' });
    await settle();
    expect(heard).toEqual({ t0: 'failed' });
  });

  it('asks for the list again after any other failure', async () => {
    follow(1);
    await tick();
    http.expectOne(LIST).flush(null, { status: 503, statusText: 'Service Unavailable' });
    await tick();
    http.expectOne(LIST).flush({ tasks: [task('t0', 'completed')] });
    await settle();
    expect(heard).toEqual({ t0: 'completed' });
  });
});
