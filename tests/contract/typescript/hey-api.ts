// Edits a profile, exports the data and deletes the account with the client in client/, which @hey-api/openapi-ts has generated.
import { createClient } from "./client/client/index.js";
import { deleteUser, getExport, getUser, patchUser, putUser } from "./client/index.js";

const [, , baseUrl, token] = process.argv;
const client = createClient({ baseUrl, auth: token });
const path = { user_id: "me" };

const read = await getUser({ client, path });
if (!read.data) throw new Error(JSON.stringify(read.error));
const headers = { "If-Match": read.response?.headers.get("ETag") ?? "" };

const put = await putUser({ client, path, headers, body: { ...read.data, name: "Jane R. Roe" } });
const patched = await patchUser({ client, path, body: { gender: "Other", blood_group: "Unknown", dob: null } });
const stale = await putUser({ client, path, headers, body: { ...read.data, name: "Too Late" } });
const { gender, blood_group, dob } = patched.data ?? {};
const { data: exported } = await getExport({ client, path });
const { data: deletion } = await deleteUser({ client, path });
console.log(
  JSON.stringify([
    ...[put.data?.name, gender, blood_group, dob, stale.error?.status, stale.error?.title],
    ...[exported?.format, exported?.profile.name, deletion?.status, deletion?.deletes],
  ]),
);
