import { ModelInfoAnswer } from '../../api/models/model-info-answer';
import { PredictionRecord } from '../../api/models/prediction-record';
import { ClassChoice } from './corrections';

/**
 * The classes that a corrected box may have, by id: all of the model while it is the one served,
 * and in any case those that it has found here.
 */
export function classChoices(
  record: PredictionRecord,
  served: ModelInfoAnswer | undefined,
): ClassChoice[] {
  const names = new Map<number, string>();
  for (const one of [...record.detections, ...record.classifications, ...corrected(record)]) {
    names.set(one.class, one.name);
  }
  if (served && isServed(record, served)) {
    served.classes.forEach((name, id) => names.set(id, name));
  }
  return [...names].map(([id, name]) => ({ id, name })).sort((a, b) => a.id - b.id);
}

function isServed({ model }: PredictionRecord, served: ModelInfoAnswer): boolean {
  return model.name === served.model_name && model.version === served.version;
}

function corrected(record: PredictionRecord) {
  return record.verdict?.objects ?? [];
}
