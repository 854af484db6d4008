import { ModelInfoAnswer } from '../../api/models/model-info-answer';
import { PredictionRecord } from '../../api/models/prediction-record';
import { classChoices } from './class-choices';

const RECORD = {
  model: { name: 'street', version: '1' },
  detections: [{ class: 4, name: 'truck' }],
  classifications: [],
  verdict: { objects: [{ class: 2, name: 'motorbike' }] },
} as unknown as PredictionRecord;
const SERVED = { model_name: 'street', version: '1', classes: ['bus', 'car'] } as ModelInfoAnswer;

describe('classChoices', () => {
  it('offers the classes of the served model and those in the record, by id', () => {
    expect(classChoices(RECORD, SERVED).map(({ id, name }) => `${id} ${name}`)).toEqual([
      '0 bus',
      '1 car',
      '2 motorbike',
      '4 truck',
    ]);
  });

  it('offers only those in the record when another version is served, or none is known', () => {
    const ids = (served?: ModelInfoAnswer) => classChoices(RECORD, served).map(({ id }) => id);
    expect(ids({ ...SERVED, version: '2' })).toEqual([2, 4]);
    expect(ids(undefined)).toEqual([2, 4]);
  });
});
