/** The API's types by their names, generated from openapi.json. */
export type * from "./generated/schema.js";
