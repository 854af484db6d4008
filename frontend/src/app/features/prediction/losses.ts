import { Question } from './confirm-dialog';

/** What is asked before something is lost. */
export const CHANGES_LOST: Question = {
  title: 'Discard your changes?',
  text: 'What you changed here has not been saved.',
  confirm: 'Discard',
};

export const BOXES_LOST: Question = {
  title: 'Remove the corrected boxes?',
  text: 'To say that the prediction is right removes the boxes that were corrected.',
  confirm: 'Say right',
};

export const VERDICT_LOST: Question = {
  title: 'Take the verdict back?',
  text: 'Its note and its corrected boxes are removed with it.',
  confirm: 'Take back',
};
