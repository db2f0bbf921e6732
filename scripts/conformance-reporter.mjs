// Turns the events of test/conformance into lines of JSON: one for each module, one for every other test that failed.
/** @param {AsyncIterable<{ type: string, data: any }>} events */
export default async function* conformanceReporter(events) {
  for await (const { type, data } of events) {
    if (type === 'test:diagnostic' && data.message.split('|').length >= 4) {
      const [plan, module, result, ...reason] = data.message.split('|');
      yield `${JSON.stringify({ plan, module, result, reason: reason.join('|') })}\n`;
    }
    // A file is a test of its own around its tests; its failure says nothing new, unless nothing in it ran.
    if (type === 'test:fail' && !(data.details?.error?.failureType === 'subtestsFailed')) {
      const cause = data.details?.error?.cause ?? data.details?.error;
      const file = (data.file ?? '').split('/').at(-1) ?? '';
      yield `${JSON.stringify({ plan: file, module: data.name, result: 'FAILED', reason: String(cause?.message ?? cause).split('\n')[0] })}\n`;
    }
  }
}
