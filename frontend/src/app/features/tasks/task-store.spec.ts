import { provideHttpClient } from '@angular/common/http';
import { HttpTestingController, provideHttpClientTesting } from '@angular/common/http/testing';
import { signal } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { TaskAnswer } from '../../api/models/task-answer';
import { EventStreams, ServerEvent, Subscription } from '../../core/event-stream';
import { TaskCommands } from './task-commands';
import { TaskStore } from './task-store';

const LIST = '/tasks?limit=200';
const QUEUED = '/tasks?limit=200&status=queued';

/** A stream that says what a test wants it to say. */
class ScriptedStream {
  private receive: (event: ServerEvent) => void = () => undefined;
  isClosed = false;

  open(_: string, receive: (event: ServerEvent) => void): Subscription {
    this.receive = receive;
    return { live: signal(true), close: () => (this.isClosed = true) };
  }

  say(type: string, data: unknown = {}): void {
    this.receive({ type, data });
  }
}

function task(id: string, fields: Partial<TaskAnswer> = {}): TaskAnswer {
  return {
    task_id: id,
    status: 'queued',
    progress: 0,
    attempts: 0,
    submitted_at: '2026-11-21T12:00:00Z',
    image_name: `${id}.jpg`,
    ...fields,
  };
}

function problem(code: string) {
  return { code, title: 'Title', detail: `Because of ${code}.`, request_id: 'r1' };
}

let stream: ScriptedStream;
let http: HttpTestingController;
let store: TaskStore;
let commands: TaskCommands;

beforeEach(() => {
  stream = new ScriptedStream();
  TestBed.configureTestingModule({
    providers: [
      provideHttpClient(),
      provideHttpClientTesting(),
      { provide: EventStreams, useValue: stream },
      TaskStore,
      TaskCommands,
    ],
  });
  http = TestBed.inject(HttpTestingController);
  store = TestBed.inject(TaskStore);
  commands = TestBed.inject(TaskCommands);
  TestBed.tick();
});

function ids(): string[] {
  return store.tasks().map((one) => one.task_id);
}

async function listed(...tasks: TaskAnswer[]): Promise<void> {
  http.expectOne(LIST).flush({ tasks });
  await vi.waitFor(() => expect(store.isListed()).toBe(true));
}

describe('TaskStore', () => {
  it('lists the tasks, then takes changes from the stream', async () => {
    await listed(task('a'));
    stream.say('tasks', { tasks: [task('a', { status: 'completed' })] });
    expect(store.counts()).toMatchObject({ queued: 0, completed: 1 });
  });

  it('keeps what came while an older list was on its way', async () => {
    stream.say('tasks', { tasks: [task('b'), task('a', { status: 'completed' })] });
    await listed(task('a', { status: 'processing' }));
    expect(ids().sort()).toEqual(['a', 'b']);
    expect(store.counts().completed).toBe(1);
  });

  it('lists anew after a reset, and forgets what is gone', async () => {
    await listed(task('a'), task('b'));
    stream.say('reset');
    http.expectOne(LIST).flush({ tasks: [task('b')] });
    await vi.waitFor(() => expect(ids()).toEqual(['b']));
  });

  it('lists once more when a reset comes while a list is on its way', async () => {
    stream.say('reset');
    stream.say('reset');
    http.expectOne(LIST).flush({ tasks: [task('a')] });
    const second = await vi.waitFor(() => http.expectOne(LIST));
    second.flush({ tasks: [task('b')] });
    await vi.waitFor(() => expect(ids()).toEqual(['b']));
    http.expectNone(LIST);
  });

  it('tells a failure instead of an empty list', async () => {
    const refused = { status: 503, statusText: 'Service Unavailable' };
    http.expectOne(LIST).flush(problem('queue_unavailable'), refused);
    await vi.waitFor(() => expect(store.failure()?.code).toBe('queue_unavailable'));
    expect(store.isListed()).toBe(false);
  });

  it('asks again by itself while the queue is away', async () => {
    vi.useFakeTimers();
    try {
      TestBed.tick();
      const away = { status: 503, statusText: 'Service Unavailable' };
      http.expectOne(LIST).flush(problem('queue_unavailable'), away);
      await vi.advanceTimersByTimeAsync(5_000);
      http.expectOne(LIST).flush({ tasks: [task('a')] });
      await vi.advanceTimersByTimeAsync(1);
      expect(store.failure()).toBeNull();
      expect(ids()).toEqual(['a']);
      await vi.advanceTimersByTimeAsync(60_000);
      http.expectNone(LIST);
    } finally {
      vi.useRealTimers();
    }
  });

  it('keeps the tasks that it knew when listing fails later', async () => {
    await listed(task('a'));
    stream.say('reset');
    http.expectOne(LIST).flush(problem('queue_unavailable'), { status: 503, statusText: '' });
    await vi.waitFor(() => expect(store.failure()).not.toBeNull());
    expect(ids()).toEqual(['a']);
  });

  it('closes its stream at the end', () => {
    TestBed.resetTestingModule();
    expect(stream.isClosed).toBe(true);
  });
});

describe('TaskCommands', () => {
  it('cancels a task at once, without waiting for the stream', async () => {
    await listed(task('a'));
    const done = commands.cancel(store.tasks()[0]);
    expect(commands.busy().has('a')).toBe(true);
    http.expectOne({ method: 'DELETE', url: '/task/a' }).flush(task('a', { status: 'cancelled' }));
    await done;
    expect(store.counts().cancelled).toBe(1);
    expect(commands.note()?.text).toBe('a.jpg is cancelled.');
    expect(commands.busy().size).toBe(0);
  });

  it('says that a task ended before it could be cancelled, and looks again', async () => {
    await listed(task('a'));
    const done = commands.cancel(store.tasks()[0]);
    const conflict = { status: 409, statusText: 'Conflict' };
    http.expectOne('/task/a').flush(problem('task_finished'), conflict);
    await done;
    expect(commands.note()?.failure?.detail).toBe('Because of task_finished.');
    http.expectOne(LIST).flush({ tasks: [task('a', { status: 'completed' })] });
    await vi.waitFor(() => expect(store.counts().completed).toBe(1));
  });

  it('shows the new task of a retry', async () => {
    await listed(task('a', { status: 'failed' }));
    const done = commands.retry(store.tasks()[0]);
    http.expectOne({ method: 'POST', url: '/task/a/retry' }).flush({ task_id: 'b' });
    (await vi.waitFor(() => http.expectOne('/task/b'))).flush(task('b'));
    await done;
    expect(ids().sort()).toEqual(['a', 'b']);
  });

  it('cancels all that is queued, and counts what was too fast', async () => {
    await listed(task('a'), task('b'));
    const done = commands.cancelQueued();
    http.expectOne(QUEUED).flush({ tasks: [task('a'), task('b')] });
    (await vi.waitFor(() => http.expectOne('/task/a'))).flush(task('a', { status: 'cancelled' }));
    http.expectOne('/task/b').flush(problem('task_finished'), { status: 409, statusText: '' });
    await done;
    expect(commands.note()?.text).toBe('1 task is cancelled; 1 had ended meanwhile.');
    expect(commands.isCancellingAll()).toBe(false);
  });

  it('tells why cancelling all came to nothing', async () => {
    await listed();
    const done = commands.cancelQueued();
    http.expectOne(QUEUED).flush(problem('queue_unavailable'), { status: 503, statusText: '' });
    await done;
    expect(commands.note()?.failure?.code).toBe('queue_unavailable');
    expect(commands.isCancellingAll()).toBe(false);
  });
});
