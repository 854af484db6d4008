import { inject, Injectable } from '@angular/core';
import { Api } from '../../api/api';
import { processImage$FormData } from '../../api/fn/predict/process-image-form-data';
import { queueImage$FormData } from '../../api/fn/predict/queue-image-form-data';
import { cancelTask } from '../../api/fn/tasks/cancel-task';
import { showTask } from '../../api/fn/tasks/show-task';
import { TaskAnswer } from '../../api/models/task-answer';
import { Failure, failureOf } from '../../core/failure';
import { Patience, sendPatiently, waitNote } from './patient-request';
import { Photo, PhotoChange, PhotoState } from './photo';
import { TaskWatch } from './task-watch';
import { UploadLane } from './upload-lane';

const DIRECT_AT_ONCE = 2;
const QUEUED_AT_ONCE = 4;
const DIRECT_TRIES = 3;
// Nobody waits in front of a long queue; it may take its time.
const QUEUED_TRIES = 20;

const ENDED: ReadonlySet<PhotoState> = new Set<PhotoState>(['done', 'failed', 'cancelled']);

interface Job {
  readonly photo: Photo;
  readonly report: (change: PhotoChange) => void;
  taskId: string | null;
  isCancelled: boolean;
}

/** Brings photos to the server, few at once, and reports what becomes of each. */
@Injectable({ providedIn: 'root' })
export class AnalysisQueue {
  private readonly api = inject(Api);
  private readonly tasks = inject(TaskWatch);
  private readonly direct = new UploadLane(DIRECT_AT_ONCE);
  private readonly queued = new UploadLane(QUEUED_AT_ONCE);
  private readonly results = new UploadLane(QUEUED_AT_ONCE);
  private readonly jobs = new Map<number, Job>();

  start(photo: Photo, report: (change: PhotoChange) => void): void {
    const job: Job = {
      photo,
      taskId: null,
      isCancelled: false,
      // What was taken back is not heard of again.
      report: (change) => {
        if (job.isCancelled) return;
        if (change.state && ENDED.has(change.state)) this.jobs.delete(photo.id);
        report(change);
      },
    };
    this.jobs.set(photo.id, job);
    void (photo.way === 'direct' ? this.analyse(job) : this.enqueue(job));
  }

  /** Takes a photo back. A task of it ends as the server says: it may be over already. */
  cancel(photoId: number): void {
    const job = this.jobs.get(photoId);
    if (!job) return;
    if (job.taskId) void this.cancelTask(job, job.taskId);
    else {
      job.report({ state: 'cancelled', note: '' });
      job.isCancelled = true;
    }
  }

  /** Nothing is heard of the photo again; what has not begun does not begin. */
  drop(photoId: number): void {
    const job = this.jobs.get(photoId);
    if (!job) return;
    job.isCancelled = true;
    this.jobs.delete(photoId);
    if (!job.taskId) return;
    this.tasks.forget(job.taskId);
    void this.cancelTask(job, job.taskId);
  }

  private async analyse(job: Job): Promise<void> {
    const params = { conf: job.photo.askedConfidence, body: { file: job.photo.file } };
    await this.trying(job, () =>
      this.direct.run(async () => {
        if (job.isCancelled) return;
        job.report({ state: 'sending', note: '' });
        const send = () => this.api.invoke(processImage$FormData, params);
        const answer = await sendPatiently(send, patience(job, DIRECT_TRIES));
        job.report({ state: 'done', note: '', answer });
      }),
    );
  }

  private async enqueue(job: Job): Promise<void> {
    const params = { conf: job.photo.askedConfidence, body: { file: job.photo.file } };
    await this.trying(job, () =>
      this.queued.run(async () => {
        if (job.isCancelled) return;
        this.tasks.open();
        job.report({ state: 'sending', note: '' });
        const send = () => this.api.invoke(queueImage$FormData, params);
        const accepted = await sendPatiently(send, patience(job, QUEUED_TRIES));
        this.follow(job, accepted.task_id);
      }),
    );
  }

  private follow(job: Job, taskId: string): void {
    if (job.isCancelled) return void this.cancelTask(job, taskId);
    job.taskId = taskId;
    job.report({ state: 'queued', note: '' });
    this.tasks.follow(taskId, (task) => void this.hear(job, task));
  }

  private async hear(job: Job, task: TaskAnswer): Promise<void> {
    if (task.status === 'processing') job.report({ state: 'running' });
    else if (task.status === 'cancelled') job.report({ state: 'cancelled', note: '' });
    else if (task.status === 'failed') job.report({ state: 'failed', failure: taskFailure(task) });
    else if (task.status === 'completed') await this.trying(job, () => this.fetchResult(job, task));
  }

  /** Events tell of states only. */
  private async fetchResult(job: Job, task: TaskAnswer): Promise<void> {
    const ask = () => this.api.invoke(showTask, { task_id: task.task_id });
    const send = () => sendPatiently(ask, patience(job, QUEUED_TRIES));
    const { result } = await this.results.run(send);
    if (result) job.report({ state: 'done', note: '', answer: result });
    else job.report({ state: 'failed', failure: taskFailure(task) });
  }

  private async trying(job: Job, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      job.report({ state: 'failed', note: '', failure: failureOf(error) });
    }
  }

  private async cancelTask(job: Job, taskId: string): Promise<void> {
    try {
      await this.hear(job, await this.api.invoke(cancelTask, { task_id: taskId }));
    } catch {
      // It is over, or the server is away: what comes of it is heard as of any other task.
    }
  }
}

function patience(job: Job, mostTries: number): Patience {
  return {
    mostTries,
    isWanted: () => !job.isCancelled,
    onWait: (seconds, failure) => job.report({ note: waitNote(seconds, failure) }),
  };
}

function taskFailure(task: TaskAnswer): Failure {
  return {
    code: task.error?.code ?? 'unexpected',
    title: 'The task failed',
    detail: task.error?.message ?? 'The server gave no reason.',
    status: 0,
    requestId: task.request_id ?? null,
    retryAfterSeconds: null,
  };
}
