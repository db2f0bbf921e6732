import { basicModules } from './basic-modules.ts';
import { runPlan } from './plan.ts';

runPlan('oidcc-formpost-basic-certification-test-plan', basicModules('form_post'));
