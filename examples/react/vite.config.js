import react from "@vitejs/plugin-react";

export default {
  plugins: [react()],
  base: "./", // the site can be served from any path
  server: { host: "127.0.0.1", port: 5173, strictPort: true },
};
