import { useEffect, useEffectEvent } from "react";

import { FILE_CATEGORIES, isPending, waitForStatus, type UserFile } from "../api";
import { Alert } from "../components/Alert";
import { formatBytes, formatDate } from "../format";
import { useRequest } from "../session";
import { FileActions } from "./FileActions";

const STATUS: Record<UserFile["status"], string> = {
  "awaiting-upload": "Waiting for the upload…",
  scanning: "Being checked…",
  available: "Available",
  rejected: "Rejected",
};
const REJECTIONS: Record<NonNullable<UserFile["rejection"]>, string> = {
  malware: "Rejected: the file contains malware.",
  "content-mismatch": "Rejected: the content does not match the announced type, size or checksum.",
  unsupported: "Rejected: the file cannot be checked, for example because it is encrypted.",
};

interface FileItemProps {
  file: UserFile;
  /** Load the list again. */
  onChange: () => Promise<void>;
}

/** A file in the list, with its status and actions. */
export function FileItem({ file, onChange }: FileItemProps) {
  const { run, isBusy, failure } = useRequest();
  useStatusChange(file, onChange);

  return (
    <li>
      <p className="file-name">
        <bdi>{file.name}</bdi>
      </p>
      <p className="hint">
        {FILE_CATEGORIES[file.category]}, {formatBytes(file.size)}, {formatDate(file.created_at)}
      </p>
      <p role="status" className={`status ${file.status}`}>
        {file.rejection ? REJECTIONS[file.rejection] : STATUS[file.status]}
      </p>
      <Alert failure={failure} />
      <FileActions file={file} run={run} isBusy={isBusy} onChange={onChange} />
    </li>
  );
}

/** Call `onChange` when the check of a pending file has ended. */
function useStatusChange(file: UserFile, onChange: () => Promise<void>) {
  const { run } = useRequest();
  const reload = useEffectEvent(() => run(onChange));
  useEffect(() => {
    if (!isPending(file)) return;
    const controller = new AbortController();
    waitForStatus(file, controller.signal).then(reload, () => undefined);
    return () => controller.abort();
  }, [file]);
}
