import { basicModules } from './basic-modules.ts';
import { runPlan } from './plan.ts';

runPlan('oidcc-basic-certification-test-plan', basicModules('query'));
