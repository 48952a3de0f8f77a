import { useState } from "react";

import { deleteFile, getFileUrl, type UserFile } from "../api";
import { ConfirmDialog } from "../components/Dialog";
import type { useRequest } from "../session";
import { EditFileDialog } from "./EditFileDialog";

interface FileActionsProps {
  file: UserFile;
  run: ReturnType<typeof useRequest>["run"];
  isBusy: boolean;
  /** Load the list again. */
  onChange: () => Promise<void>;
}

/** The buttons of a file, and their dialogs. */
export function FileActions({ file, run, isBusy, onChange }: FileActionsProps) {
  const [dialog, setDialog] = useState<"edit" | "delete" | null>(null);
  const closeDialog = () => setDialog(null);

  const download = async () => window.location.assign(await getFileUrl(file.id));

  async function remove() {
    await deleteFile(file.id);
    document.getElementById("files")?.focus(); // the button of the file is removed
    await onChange();
  }

  const buildButton = (label: string, onClick: () => unknown) => (
    <button
      type="button"
      className="secondary"
      aria-disabled={isBusy}
      aria-label={`${label} ${file.name}`}
      onClick={onClick}
    >
      {label}
    </button>
  );
  return (
    <>
      <div className="actions">
        {file.status === "available" && buildButton("Download", () => run(download))}
        {file.status !== "rejected" && buildButton("Edit", () => setDialog("edit"))}
        {buildButton("Delete", () => setDialog("delete"))}
      </div>
      {dialog === "edit" && <EditFileDialog file={file} onClose={closeDialog} onSaved={onChange} />}
      {dialog === "delete" && (
        <ConfirmDialog
          title="Delete the file?"
          confirmLabel="Delete"
          onClose={closeDialog}
          onConfirm={() => void run(remove)}
        >
          <p>
            <bdi>{file.name}</bdi> cannot be restored.
          </p>
        </ConfirmDialog>
      )}
    </>
  );
}
