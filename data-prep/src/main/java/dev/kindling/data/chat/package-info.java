/**
 * Conversations to text: chat templates in Jinja, as Hugging Face's transformers renders them. Read {@link
 * dev.kindling.data.chat.ChatTemplate} first; {@link dev.kindling.data.chat.TemplateLexer} cuts a template, {@link
 * dev.kindling.data.chat.TemplateParser} and {@link dev.kindling.data.chat.ExpressionParser} make something of it that runs.
 */
package dev.kindling.data.chat;
