import { Routes } from '@angular/router';
import { mayLeave } from './features/prediction/unsaved-changes';

export const routes: Routes = [
  { path: '', pathMatch: 'full', redirectTo: 'detect' },
  {
    path: 'detect',
    title: 'Detect',
    loadComponent: () => import('./features/detect/detect-page').then((m) => m.DetectPage),
  },
  {
    path: 'tasks',
    title: 'Tasks',
    loadComponent: () => import('./features/tasks/tasks-page').then((m) => m.TasksPage),
  },
  {
    path: 'history',
    title: 'History',
    loadComponent: () => import('./features/history/history-page').then((m) => m.HistoryPage),
  },
  {
    path: 'history/:id',
    title: 'Prediction',
    canDeactivate: [mayLeave],
    loadComponent: () =>
      import('./features/prediction/prediction-page').then((m) => m.PredictionPage),
  },
  {
    path: 'models',
    title: 'Models',
    loadComponent: () => import('./features/models/models-page').then((m) => m.ModelsPage),
  },
  {
    path: 'monitor',
    title: 'Monitor',
    loadComponent: () => import('./features/monitor/monitor-page').then((m) => m.MonitorPage),
  },
  {
    path: '**',
    title: 'Not found',
    loadComponent: () => import('./features/not-found/not-found-page').then((m) => m.NotFoundPage),
  },
];
