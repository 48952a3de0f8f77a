"""What MiniStack lacks and this project needs: one module per subject, each with install()."""
