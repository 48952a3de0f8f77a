export default {
  users: {
    input: "./openapi.json",
    output: { target: "./client.ts", client: "fetch", headers: true, baseUrl: process.env.API_URL },
  },
};
