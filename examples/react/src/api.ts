// The client of the API. docs/api.md explains the requests, and openapi.json has all types.
import { fetchAuthSession } from "aws-amplify/auth";

import { waitForTokens } from "./tokens";

export const GENDERS = ["Male", "Female", "Other", "Unknown"] as const;
export const BLOOD_GROUPS = ["A+", "A-", "B+", "B-", "AB+", "AB-", "O+", "O-", "Unknown"] as const;
export const PICTURE_TYPES = ["image/jpeg", "image/png", "image/webp"] as const;
export const FILE_CATEGORIES = {
  "lab-report": "Lab report",
  imaging: "Imaging",
  prescription: "Prescription",
  referral: "Referral",
  "discharge-summary": "Discharge summary",
  vaccination: "Vaccination",
  insurance: "Insurance",
  consent: "Consent",
  other: "Other",
} as const;
// Types that browsers do not report, or report differently, by file extension.
const FILE_TYPES: Record<string, string> = {
  csv: "text/csv", // browsers on Windows with Excel report another type
  dcm: "application/dicom",
  json: "application/fhir+json",
};
const DEFAULT_POLL_SECONDS = 2;

export interface EditableFields {
  name: string | null;
  dob: string | null;
  gender: (typeof GENDERS)[number] | null;
  blood_group: (typeof BLOOD_GROUPS)[number] | null;
}

export interface Profile extends EditableFields {
  id: string;
  email: string | null;
  email_verified: boolean;
  phone_number: string | null;
  phone_number_verified: boolean;
  picture: { content_type: string; size: number; width: number; height: number; updated_at: string } | null;
  created_at: string;
  updated_at: string;
  version: number;
}

/** A profile with its entity tag. Send the tag as If-Match, so that no change of another device is overwritten. */
export interface VersionedProfile {
  profile: Profile;
  etag: string;
}

export interface UserFile {
  id: string;
  name: string;
  content_type: string;
  size: number;
  category: keyof typeof FILE_CATEGORIES;
  status: "awaiting-upload" | "scanning" | "available" | "rejected";
  rejection: "malware" | "content-mismatch" | "unsupported" | null;
  created_at: string;
}

export interface FilePage {
  items: UserFile[];
  next_cursor: string | null;
  quota: { bytes: number; bytes_max: number; files: number; files_max: number };
}

export interface Deletion {
  requested_at: string;
  erase_after: string;
  deletes: string[];
  keeps: { what: string; without: string | null; until: string; reason: string }[];
}

interface PresignedUpload {
  url: string;
  fields: Record<string, string>;
}

interface ProblemDetails {
  type: string;
  detail: string;
  errors?: { pointer: string; detail: string }[];
}

/** A server that does not respond, or that rejects the origin of this page. */
export class Unreachable extends Error {
  constructor() {
    super("The server cannot be reached. Check the connection and try again.");
  }
}

/** The user is signed out, or the session has expired. */
export class SessionEnded extends Error {}

/** An error of the API: a problem detail (RFC 9457). */
export class Problem extends Error {
  /** The name of the problem, such as `precondition-failed`. docs/api.md lists all. */
  readonly slug: string;
  /** The violated rules by field. */
  readonly fields: Record<string, string>;

  constructor(
    readonly status: number,
    details: ProblemDetails,
    readonly retryAfterSeconds: number | null,
  ) {
    super(details.detail);
    this.slug = details.type.split("#")[1] ?? "";
    this.fields = Object.fromEntries((details.errors ?? []).map(({ pointer, detail }) => [pointer.slice(1), detail]));
  }
}

/** Return true for an error of the API with this name. */
export function isProblem(error: unknown, slug: string): error is Problem {
  return error instanceof Problem && error.slug === slug;
}

let apiUrl = "";

export function setApiUrl(url: string) {
  apiUrl = url;
}

async function send(
  method: string,
  path: string,
  { body, headers, signal }: { body?: unknown; headers?: Record<string, string>; signal?: AbortSignal } = {},
): Promise<Response> {
  await waitForTokens();
  const { tokens } = await fetchAuthSession(); // refreshes the ID token if it has expired
  if (!tokens?.idToken) throw new SessionEnded();
  const response = await request(`${apiUrl}/users/me${path}`, {
    method,
    headers: {
      Authorization: `Bearer ${tokens.idToken.toString()}`,
      ...(body !== undefined && { "Content-Type": "application/json" }),
      ...headers,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    ...(signal && { signal }),
  });
  if (!response.ok) throw await readProblem(response);
  return response;
}

async function request(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (error) {
    init.signal?.throwIfAborted();
    console.error(error);
    throw new Unreachable();
  }
}

async function readProblem(response: Response): Promise<Error> {
  const retryAfter = response.headers.get("Retry-After");
  let details: ProblemDetails;
  try {
    details = (await response.json()) as ProblemDetails;
  } catch {
    details = { type: "", detail: `The server returned an error (${response.status}).` };
  }
  const problem = new Problem(response.status, details, retryAfter ? Number(retryAfter) : null);
  const isSessionEnded = response.status === 401 && problem.slug !== "recent-sign-in-required";
  return isSessionEnded ? new SessionEnded() : problem;
}

async function sendJson<T>(...parameters: Parameters<typeof send>): Promise<T> {
  const response = await send(...parameters);
  return (await response.json()) as T;
}

async function sendForProfile(...parameters: Parameters<typeof send>): Promise<VersionedProfile> {
  const response = await send(...parameters);
  return { profile: (await response.json()) as Profile, etag: response.headers.get("ETag") ?? "" };
}

// Profile

export const getProfile = () => sendForProfile("GET", "");

/** Replace the editable fields. Throws the problem `precondition-failed` if the profile has another version. */
export const replaceProfile = (fields: EditableFields, etag: string) =>
  sendForProfile("PUT", "", { body: fields, headers: { "If-Match": etag } });

// Picture

export const getPictureUrl = async () => (await sendJson<{ url: string }>("GET", "/picture")).url;

export async function setPicture(file: File): Promise<VersionedProfile> {
  const upload = await sendJson<PresignedUpload & { upload_id: string }>("POST", "/picture", {
    body: { content_type: file.type, size: file.size },
  });
  await uploadToS3(upload, file);
  return sendForProfile("PUT", "/picture", { body: { upload_id: upload.upload_id } });
}

export const deletePicture = () => sendForProfile("DELETE", "/picture");

// Files

export const listFiles = (cursor?: string) =>
  sendJson<FilePage>("GET", `/files?limit=20${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);

/** Announce a file and upload it. The checksum makes sure that S3 accepts no other content. */
export async function uploadFile(file: File, category: string): Promise<UserFile> {
  const extension = file.name.split(".").pop()?.toLowerCase() ?? "";
  const { upload, ...created } = await sendJson<UserFile & { upload: PresignedUpload }>("POST", "/files", {
    body: {
      name: file.name,
      content_type: FILE_TYPES[extension] ?? file.type,
      size: file.size,
      sha256: await computeSha256(file),
      category,
    },
  });
  try {
    await uploadToS3(upload, file);
  } catch (error) {
    await deleteFile(created.id); // frees the quota now instead of after 30 minutes
    throw error;
  }
  return created;
}

/** Wait until the status of a file has changed, or until the file no longer exists. */
export async function waitForStatus({ id, status }: UserFile, signal: AbortSignal): Promise<void> {
  for (;;) {
    let seconds = DEFAULT_POLL_SECONDS;
    try {
      const response = await send("GET", `/files/${id}`, { signal });
      const file = (await response.json()) as UserFile;
      if (file.status !== status) return;
      seconds = Number(response.headers.get("Retry-After") ?? seconds);
    } catch (error) {
      signal.throwIfAborted();
      if (isProblem(error, "not-found")) return;
      if (error instanceof Problem && error.status < 500 && error.status !== 429) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    signal.throwIfAborted();
  }
}

export const isPending = ({ status }: UserFile) => status === "awaiting-upload" || status === "scanning";

export const getFileUrl = async (id: string) => (await sendJson<{ url: string }>("GET", `/files/${id}/content`)).url;

export const updateFile = (id: string, changes: { name: string; category: string }) =>
  sendJson<UserFile>("PATCH", `/files/${id}`, {
    body: changes,
    headers: { "Content-Type": "application/merge-patch+json" },
  });

export const deleteFile = (id: string) => send("DELETE", `/files/${id}`);

// Account. The export and the deletion require a sign-in within the last five minutes.

/** Return all data of the user, and the file name that the API proposes. */
export async function exportData(): Promise<{ data: Blob; fileName: string }> {
  const response = await send("GET", "/export");
  const disposition = response.headers.get("Content-Disposition") ?? "";
  return { data: await response.blob(), fileName: /filename="(.+)"/.exec(disposition)?.[1] ?? "export.json" };
}

export const deleteAccount = () => sendJson<Deletion>("DELETE", "");

/** Return the scheduled deletion of the account, or null. */
export async function getDeletion(): Promise<Deletion | null> {
  try {
    return await sendJson<Deletion>("GET", "/deletion");
  } catch (error) {
    if (isProblem(error, "no-deletion")) return null;
    throw error;
  }
}

export const cancelDeletion = () => send("DELETE", "/deletion");

async function uploadToS3({ url, fields }: PresignedUpload, file: File) {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  form.append("file", file); // the last field
  const response = await request(url, { method: "POST", body: form });
  if (!response.ok) throw new Error(`The upload was rejected (${response.status}). Try again.`);
}

async function computeSha256(file: File): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
