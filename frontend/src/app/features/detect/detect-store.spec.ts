import { provideHttpClient } from '@angular/common/http';
import {
  HttpTestingController,
  provideHttpClientTesting,
  TestRequest,
} from '@angular/common/http/testing';
import { signal } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { PredictionAnswer } from '../../api/models/prediction-answer';
import { TaskStatus } from '../../api/models/task-status';
import { EventStreams, ServerEvent } from '../../core/event-stream';
import { ServerStatus } from '../../core/server-status';
import { DetectStore } from './detect-store';

const ANSWER: PredictionAnswer = {
  success: true,
  prediction_id: 'p1',
  detections: [],
  num_instances: 0,
  processing_time: 0.01,
  timings: { inference: 9 },
  model: { name: 'street', version: '1' },
  image: { width: 4, height: 3 },
  image_size: { width: 4, height: 3 },
};

/** The remote end of the stream of tasks. */
class Stream {
  send: (event: ServerEvent) => void = () => undefined;
  isOpen = false;

  open(_path: string, receive: (event: ServerEvent) => void) {
    this.send = receive;
    this.isOpen = true;
    return { live: signal(true), close: () => (this.isOpen = false) };
  }
}

function photos(count: number): File[] {
  return Array.from(
    { length: count },
    (_, index) => new File(['x'], `photo${index}.jpg`, { type: 'image/jpeg' }),
  );
}

describe('DetectStore', () => {
  let http: HttpTestingController;
  let store: DetectStore;
  let stream: Stream;

  beforeEach(() => {
    stream = new Stream();
    TestBed.configureTestingModule({
      providers: [
        provideHttpClient(),
        provideHttpClientTesting(),
        { provide: EventStreams, useValue: stream },
      ],
    });
    http = TestBed.inject(HttpTestingController);
    store = TestBed.inject(DetectStore);
  });

  const states = () => store.photos().map(({ state }) => state);

  async function sent(path: string, count = 1): Promise<TestRequest[]> {
    let found: TestRequest[] = [];
    await vi.waitFor(() => {
      found = [...found, ...http.match(({ url }) => url.endsWith(path))];
      expect(found).toHaveLength(count);
    });
    return found;
  }

  function tell(taskId: string, status: TaskStatus): void {
    const task = { task_id: taskId, status, attempts: 1, progress: 0, submitted_at: '' };
    stream.send({ type: 'tasks', data: { tasks: [task] } });
  }

  it('sends few images at once, two at a time, as sure as the model says', async () => {
    store.add(photos(3));
    const [first, second] = await sent('/process-image', 2);
    expect(first.request.params.has('conf')).toBe(false);
    expect(states()).toEqual(['sending', 'sending', 'waiting']);
    first.flush(ANSWER);
    await sent('/process-image', 1);
    second.flush(ANSWER);
    await vi.waitFor(() => expect(states()).toEqual(['done', 'done', 'sending']));
    expect(store.selected()?.answer?.prediction_id).toBe('p1');
  });

  it('asks for less sure objects only when told to', async () => {
    store.add(photos(1));
    (await sent('/process-image'))[0].flush(ANSWER);
    await vi.waitFor(() => expect(states()).toEqual(['done']));
    store.lookDeeper(store.photos()[0].id);
    const [again] = await sent('/process-image');
    expect(again.request.params.get('conf')).toBe('0.05');
    expect(store.filter().confidence).toBe(0.05);
    again.flush(ANSWER);
    await vi.waitFor(() => expect(states()).toEqual(['done']));
  });

  it('shows a refusal of the server as a failure, and sends again when asked', async () => {
    store.add(photos(1));
    const [request] = await sent('/process-image');
    request.flush(
      { code: 'broken_image', title: 'Bad Request', detail: 'It is broken.', request_id: 'r1' },
      { status: 400, statusText: 'Bad Request' },
    );
    await vi.waitFor(() => expect(states()).toEqual(['failed']));
    const [photo] = store.photos();
    expect(photo.failure).toMatchObject({ code: 'broken_image', requestId: 'r1' });
    expect(photo.answer).toBeNull();
    store.retry(photo.id);
    (await sent('/process-image'))[0].flush(ANSWER);
    await vi.waitFor(() => expect(states()).toEqual(['done']));
  });

  it('sends what got no answer again when the server is back', async () => {
    const server = TestBed.inject(ServerStatus);
    store.add(photos(1));
    (await sent('/process-image'))[0].error(new ProgressEvent('error'));
    await vi.waitFor(() => expect(store.photos()[0].failure?.code).toBe('offline'));
    server.loadAnew();
    TestBed.tick();
    (await sent('/process-image'))[0].flush(ANSWER);
    await vi.waitFor(() => expect(states()).toEqual(['done']));
  });

  it('does not send a video', () => {
    store.add([new File(['x'], 'clip.mp4', { type: 'video/mp4' })]);
    expect(store.photos()[0]).toMatchObject({ state: 'failed', isRefused: true });
    http.expectNone(({ url }) => url.endsWith('/process-image'));
  });

  it('takes many images through the queue, four at a time', async () => {
    store.add(photos(9));
    const uploads = await sent('/process-image/async', 4);
    expect(stream.isOpen).toBe(true);
    uploads[0].flush({ task_id: 't0', status: 'processing', message: '' });
    await vi.waitFor(() => expect(states()[0]).toBe('queued'));
    tell('t0', 'processing');
    expect(states()[0]).toBe('running');
    tell('t0', 'completed');
    (await sent('/task/t0'))[0].flush({ task_id: 't0', status: 'completed', result: ANSWER });
    await vi.waitFor(() => expect(states()[0]).toBe('done'));
  });

  it('hears of a task that was over before its id came', async () => {
    store.add(photos(9));
    const uploads = await sent('/process-image/async', 4);
    tell('t0', 'completed');
    uploads[0].flush({ task_id: 't0', status: 'processing', message: '' });
    (await sent('/task/t0'))[0].flush({ task_id: 't0', status: 'completed', result: ANSWER });
    await vi.waitFor(() => expect(states()[0]).toBe('done'));
  });

  it('asks for the tasks anew after a reset', async () => {
    store.add(photos(9));
    (await sent('/process-image/async', 4))[0].flush({ task_id: 't0', status: 'processing' });
    await vi.waitFor(() => expect(states()[0]).toBe('queued'));
    stream.send({ type: 'reset', data: {} });
    (await sent('/tasks'))[0].flush({ tasks: [] });
    const failed = {
      task_id: 't0',
      status: 'failed',
      error: { code: 'worker_lost', message: 'x' },
    };
    (await sent('/task/t0'))[0].flush(failed);
    await vi.waitFor(() => expect(store.photos()[0].failure?.code).toBe('worker_lost'));
  });

  it('cancels what is open; a task ends as the server says', async () => {
    store.add(photos(9));
    const uploads = await sent('/process-image/async', 4);
    uploads[0].flush({ task_id: 't0', status: 'processing' });
    await vi.waitFor(() => expect(states()[0]).toBe('queued'));
    store.cancelOpen();
    expect(states()[0]).toBe('queued');
    expect(
      states()
        .slice(1)
        .every((state) => state === 'cancelled'),
    ).toBe(true);
    (await sent('/task/t0'))[0].flush({ task_id: 't0', status: 'cancelled' });
    await vi.waitFor(() => expect(states()[0]).toBe('cancelled'));
    expect(store.hasOpen()).toBe(false);
  });

  it('forgets a removed image and selects its neighbour', async () => {
    store.add(photos(2));
    const requests = await sent('/process-image', 2);
    const [first, second] = store.photos();
    store.remove(first.id);
    expect(store.selected()?.id).toBe(second.id);
    requests[0].flush(ANSWER);
    requests[1].flush(ANSWER);
    await vi.waitFor(() => expect(states()).toEqual(['done']));
  });

  it('begins with the confidence of the model', async () => {
    expect(store.filter().confidence).toBe(0.25);
    TestBed.tick();
    (await sent('/model/info'))[0].flush({ thresholds: { confidence: 0.4 } });
    await vi.waitFor(() => expect(store.filter().confidence).toBe(0.4));
    store.setConfidence(0.6);
    expect(store.filter().confidence).toBe(0.6);
    store.setConfidence(null);
    expect(store.filter().confidence).toBe(0.4);
  });
});
