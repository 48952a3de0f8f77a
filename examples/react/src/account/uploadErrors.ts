// Errors of an upload in plain words, without media types.
import { Problem } from "../api";
import { formatRule, InvalidField } from "../errors";

interface UploadLimits {
  /** The types that can be uploaded, such as "a JPEG, PNG or WebP image". */
  types: string;
  maxMegabytes: number;
}

export const PICTURE_LIMITS: UploadLimits = { types: "a JPEG, PNG or WebP image", maxMegabytes: 5 };
export const FILE_LIMITS: UploadLimits = {
  types: "a PDF, JPEG, PNG, WebP, text, CSV, DICOM or FHIR JSON file",
  maxMegabytes: 50,
};

/** Upload a file. Throws InvalidField if the API rejects the file itself. */
export async function withPlainErrors<T>(file: File, limits: UploadLimits, upload: () => Promise<T>): Promise<T> {
  try {
    return await upload();
  } catch (error) {
    const text = error instanceof Problem ? describeFile(file, error.fields, limits) : null;
    throw text ? new InvalidField("file", text) : error;
  }
}

function describeFile(file: File, rules: Record<string, string>, limits: UploadLimits): string | null {
  if (rules.size) return file.size === 0 ? "The file is empty." : `The file is larger than ${limits.maxMegabytes} MB.`;
  if (rules.content_type) return `Choose ${limits.types}.`;
  if (rules.name) return `The name of the file ${rules.name}.`;
  const format = /must be an? (\w+) image, to match/.exec(rules.upload_id ?? "")?.[1];
  if (format) return `The file is not a ${format} image. Choose ${limits.types}.`;
  return rules.upload_id ? formatRule("", rules.upload_id) : null;
}
