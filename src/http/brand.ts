import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LANGUAGES, type Language } from './locale.ts';

export type BrandTexts = { readonly organisation: string; readonly service: string; readonly supportPhone: string; readonly mark: string };
export type Brand = { in(language: Language): BrandTexts; readonly css: string };

type Colours = Readonly<Record<string, string>>;
type BrandFile = {
  organisation: Record<Language, string>;
  service: Record<Language, string>;
  supportPhone: string;
  mark: string;
  colours?: { light?: Colours; dark?: Colours };
};

const COLOUR = /^#[0-9a-f]{3,8}$/i;
const NAME = /^[a-z][a-z-]*$/;

/** Name, mark, colours and phone of the organisation, from config/. Throws when the file is not as expected. */
export function loadBrand(folder: string): Brand {
  const file = JSON.parse(readFileSync(join(folder, 'brand.json'), 'utf8')) as BrandFile;
  const mark = readFileSync(join(folder, file.mark), 'utf8').trim();
  for (const language of LANGUAGES) {
    if (!file.organisation?.[language] || !file.service?.[language]) throw new Error(`brand.json: organisation and service are needed in ${language}`);
  }
  return {
    in: (language) => ({ organisation: file.organisation[language], service: file.service[language], supportPhone: file.supportPhone, mark }),
    css: sheet(file.colours?.light) + (file.colours?.dark ? `@media (prefers-color-scheme:dark){${sheet(file.colours.dark)}}` : ''),
  };
}

function sheet(colours: Colours = {}): string {
  const rules = Object.entries(colours).map(([name, value]) => {
    if (!NAME.test(name) || !COLOUR.test(value)) throw new Error(`brand.json: colour ${name} must be a hex value`);
    return `--${name}:${value}`;
  });
  return rules.length ? `:root{${rules.join(';')}}` : '';
}
