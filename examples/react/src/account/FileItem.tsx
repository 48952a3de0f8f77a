import { useEffect, useEffectEvent, useState } from "react";

import { deleteFile, FILE_CATEGORIES, getFileUrl, isPending, updateFile, waitForStatus, type UserFile } from "../api";
import { Alert } from "../components/Alert";
import { ConfirmDialog, Dialog } from "../components/Dialog";
import { Field, Form, getText, SelectField } from "../components/Form";
import { formatBytes, formatDate } from "../format";
import { useRequest } from "../session";

const STATUS: Record<UserFile["status"], string> = {
  "awaiting-upload": "Waiting for the upload…",
  scanning: "Being checked…",
  available: "Available",
  rejected: "Rejected",
};
const REJECTIONS: Record<NonNullable<UserFile["rejection"]>, string> = {
  malware: "Rejected: the file contains malware.",
  "content-mismatch": "Rejected: the content does not match the type of the file.",
  unsupported: "Rejected: the file cannot be checked, for example because it is encrypted.",
};

interface FileItemProps {
  file: UserFile;
  /** Load the list again. */
  onChange: () => Promise<void>;
}

export function FileItem({ file, onChange }: FileItemProps) {
  const { run, isBusy, failure } = useRequest();
  const { run: runReload } = useRequest();
  const [dialog, setDialog] = useState<"rename" | "delete" | null>(null);
  const closeDialog = () => setDialog(null);

  const reload = useEffectEvent(() => runReload(onChange));
  useEffect(() => {
    if (!isPending(file)) return;
    const controller = new AbortController();
    waitForStatus(file, controller.signal).then(reload, () => undefined);
    return () => controller.abort();
  }, [file]);

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
      <div className="actions">
        {file.status === "available" && (
          <button
            type="button"
            className="secondary"
            aria-disabled={isBusy}
            aria-label={`Download ${file.name}`}
            onClick={() => run(async () => window.location.assign(await getFileUrl(file.id)))}
          >
            Download
          </button>
        )}
        {file.status !== "rejected" && (
          <button
            type="button"
            className="secondary"
            aria-label={`Rename ${file.name}`}
            onClick={() => setDialog("rename")}
          >
            Rename
          </button>
        )}
        <button
          type="button"
          className="secondary"
          aria-disabled={isBusy}
          aria-label={`Delete ${file.name}`}
          onClick={() => setDialog("delete")}
        >
          Delete
        </button>
      </div>
      {dialog === "rename" && <RenameDialog file={file} onClose={closeDialog} onRenamed={onChange} />}
      {dialog === "delete" && (
        <ConfirmDialog
          title="Delete the file?"
          confirmLabel="Delete"
          onClose={closeDialog}
          onConfirm={() =>
            void run(async () => {
              await deleteFile(file.id);
              document.getElementById("files")?.focus(); // the button of the file is removed
              await onChange();
            })
          }
        >
          <p>
            <bdi>{file.name}</bdi> cannot be restored.
          </p>
        </ConfirmDialog>
      )}
    </li>
  );
}

interface RenameDialogProps {
  file: UserFile;
  onClose: () => void;
  onRenamed: () => Promise<void>;
}

function RenameDialog({ file, onClose, onRenamed }: RenameDialogProps) {
  async function submit(data: FormData) {
    await updateFile(file.id, { name: getText(data, "name"), category: getText(data, "category") });
    onClose();
    await onRenamed();
  }
  const cancelButton = (
    <button type="button" className="secondary" onClick={onClose}>
      Cancel
    </button>
  );
  return (
    <Dialog title="Rename the file" onClose={onClose}>
      <Form submitLabel="Save" onSubmit={submit} actions={cancelButton}>
        <Field label="Name" name="name" dir="auto" defaultValue={file.name} required />
        <SelectField label="Category" name="category" options={FILE_CATEGORIES} defaultValue={file.category} />
      </Form>
    </Dialog>
  );
}
