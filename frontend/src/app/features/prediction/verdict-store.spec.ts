import { provideHttpClient } from '@angular/common/http';
import { HttpTestingController, provideHttpClientTesting } from '@angular/common/http/testing';
import { provideZonelessChangeDetection } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { ApiConfiguration } from '../../api/api-configuration';
import { PredictionStore } from './prediction-store';
import { VerdictStore } from './verdict-store';

const BOX = { x1: 1, y1: 2, x2: 30, y2: 40 };
const RECORD = {
  id: 'a1',
  created_at: '2026-05-03T10:00:00Z',
  detections: [{ box: BOX, class: 1, name: 'car', confidence: 0.5 }],
  classifications: [],
  mlflow: {},
  verdict: null,
};
const WRONG = {
  verdict: 'wrong',
  note: 'no car',
  objects: [{ box: BOX, class: 0, name: 'bus' }],
  created_at: '2026-05-03T10:01:00Z',
  updated_at: '2026-05-03T10:01:00Z',
};

describe('VerdictStore', () => {
  let http: HttpTestingController;
  let store: VerdictStore;

  async function open(verdict: object | null): Promise<void> {
    TestBed.configureTestingModule({
      providers: [
        provideZonelessChangeDetection(),
        provideHttpClient(),
        provideHttpClientTesting(),
        PredictionStore,
        VerdictStore,
      ],
    });
    TestBed.inject(ApiConfiguration).rootUrl = '';
    http = TestBed.inject(HttpTestingController);
    store = TestBed.inject(VerdictStore);
    const loaded = TestBed.inject(PredictionStore).load('a1');
    http.expectOne('/predictions/a1').flush({ ...RECORD, verdict });
    await loaded;
  }

  afterEach(() => http.verify());

  it('says right with the note that was typed', async () => {
    await open(null);
    store.note.set('  fine ');
    expect(store.isDirty()).toBe(true);
    const said = store.say('right');
    const request = http.expectOne({ method: 'PUT', url: '/predictions/a1/verdict' });
    expect(request.request.body).toEqual({ verdict: 'right', objects: null, note: 'fine' });
    request.flush({ ...WRONG, verdict: 'right', objects: null, note: 'fine' });
    await said;
    expect(store.saved()?.verdict).toBe('right');
    expect(store.isDirty()).toBe(false);
  });

  it('keeps corrected boxes when wrong is said again, and drops them with right', async () => {
    await open(WRONG);
    const again = store.say('wrong');
    const request = http.expectOne('/predictions/a1/verdict');
    expect(request.request.body.objects).toEqual([{ box: BOX, class: 0 }]);
    request.flush(WRONG);
    await again;
    const right = store.say('right');
    const other = http.expectOne('/predictions/a1/verdict');
    expect(other.request.body.objects).toBeNull();
    other.flush({ ...WRONG, verdict: 'right', objects: null });
    await right;
    expect(store.corrected()).toBeNull();
  });

  it('loses nothing that was drawn when the server refuses it', async () => {
    await open(null);
    store.startCorrecting();
    store.correct([]);
    store.note.set('empty street');
    const saved = store.saveCorrections();
    const problem = { code: 'invalid_parameter', title: 'Unprocessable', detail: 'objects.0: no' };
    http
      .expectOne('/predictions/a1/verdict')
      .flush(problem, { status: 422, statusText: 'Unprocessable Content' });
    await saved;
    expect(store.failure()?.detail).toBe('objects.0: no');
    expect(store.corrections()?.objects).toEqual([]);
    expect(store.note()).toBe('empty street');
    expect(store.isDirty()).toBe(true);
  });

  it('starts from the boxes of the verdict, and is clean after saving', async () => {
    await open(WRONG);
    store.startCorrecting();
    expect(store.corrections()?.objects[0]).toMatchObject({ name: 'bus', confidence: null });
    expect(store.isDirty()).toBe(false);
    store.correct([]);
    const saved = store.saveCorrections();
    const request = http.expectOne('/predictions/a1/verdict');
    expect(request.request.body).toEqual({ verdict: 'wrong', objects: [], note: 'no car' });
    request.flush({ ...WRONG, objects: [] });
    await saved;
    expect(store.corrections()).toBeNull();
    expect(store.corrected()).toEqual([]);
    expect(store.isDirty()).toBe(false);
  });

  it('discards the note and the boxes', async () => {
    await open(WRONG);
    store.startCorrecting();
    store.correct([]);
    store.note.set('other');
    store.discard();
    expect(store.note()).toBe('no car');
    expect(store.isDirty()).toBe(false);
  });

  it('takes the verdict back', async () => {
    await open(WRONG);
    const taken = store.takeBack();
    http.expectOne({ method: 'DELETE', url: '/predictions/a1/verdict' }).flush('');
    await taken;
    expect(store.saved()).toBeNull();
    expect(store.note()).toBe('');
  });
});
