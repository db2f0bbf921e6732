import type { KoaContextWithOIDC } from 'oidc-provider';
import { ProfileError } from '#src/errors.ts';
import { showError } from '#src/http/error-page.ts';
import { type Language, languageOf } from '#src/http/locale.ts';
import type { Log } from '#src/http/log.ts';
import type { Render } from '#src/http/page.ts';
import type { ProviderPages } from '#src/oidc/provider.ts';

type Parts = {
  readonly render: Render;
  readonly log: Log;
  readonly language: Language;
};

/** Pages that the protocol library would draw itself: sign-out of an e-service, the page after it, and its errors. */
export function createProtocolPages({ render, log, language }: Parts): Omit<ProviderPages, 'interactionUrl'> {
  const facts = (ctx: KoaContextWithOIDC): object => {
    const { client, params } = ctx.oidc;
    const names = client?.['names'] as Readonly<Record<string, string>> | undefined;
    const name = names?.[languageOf(ctx, language, params?.['ui_locales'])];
    const startUrl = client?.['start_url'];
    return name ? { client: { name, ...(typeof startUrl === 'string' ? { startUrl } : {}) } } : {};
  };

  return {
    async logout(ctx, form) {
      await render(ctx, 'account/sign-out', { data: { ...facts(ctx), ...formParts(form) }, uiLocales: ctx.oidc.params?.['ui_locales'] });
    },
    async deviceCode(ctx, form, out, error) {
      const code = error ? (DEVICE_ERRORS[error.name] ?? (out?.error === 'access_denied' ? 'denied' : 'expired')) : undefined;
      const typed = (error as { userCode?: string } | undefined)?.userCode;
      if (code) ctx.status = 422;
      await render(ctx, 'account/device', {
        data: formParts(form),
        errors: code ? { user_code: { code } } : {},
        values: { user_code: typed ?? '' },
      });
    },
    async deviceConfirm(ctx, form, _client, _info, userCode) {
      await render(ctx, 'account/device-confirm', { data: { ...facts(ctx), ...formParts(form), userCode } });
    },
    async deviceDone(ctx) {
      await render(ctx, 'account/device-done', { data: facts(ctx) });
    },
    async signedOut(ctx) {
      await render(ctx, 'account/signed-out', { data: facts(ctx) });
    },
    async error(ctx, out, error) {
      const code = error.name === 'SessionNotFound' ? 'expired' : out.error === 'server_error' ? 'unexpected' : 'client-request';
      await showError(ctx, new ProfileError(code, { cause: error }), { render, log, extras: () => ({ data: facts(ctx) }) });
    },
  };
}

/** How the library names what is wrong with the code of a device → the text that says it. */
const DEVICE_ERRORS: Readonly<Record<string, string>> = {
  NoCodeError: 'required',
  NotFoundError: 'incorrect',
  ExpiredError: 'expired',
  AlreadyUsedError: 'used',
  AbortedError: 'denied',
};

/** The library hands over a whole form; our views want its address and its hidden fields. */
function formParts(form: string): { action: string; form: string } {
  const action = /action="([^"]+)"/.exec(form)?.[1] ?? '';
  const hidden = form.match(/<input[^>]*type="hidden"[^>]*>/g)?.join('') ?? '';
  return { action: new URL(action).pathname, form: hidden };
}
