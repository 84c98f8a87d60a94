// All of ProseMirror that the story editor uses, as one module.
export { baseKeymap, chainCommands, exitCode, lift, setBlockType, toggleMark, wrapIn } from 'prosemirror-commands';
export { dropCursor } from 'prosemirror-dropcursor';
export { gapCursor } from 'prosemirror-gapcursor';
export { history, redo, undo } from 'prosemirror-history';
export { InputRule, inputRules, textblockTypeInputRule, wrappingInputRule } from 'prosemirror-inputrules';
export { keymap } from 'prosemirror-keymap';
export { DOMParser, DOMSerializer, Fragment, Schema, Slice } from 'prosemirror-model';
export { liftListItem, sinkListItem, splitListItem, wrapInList } from 'prosemirror-schema-list';
export { EditorState, NodeSelection, Plugin, PluginKey, Selection, TextSelection } from 'prosemirror-state';
export {
  addColumnAfter, addColumnBefore, addRowAfter, addRowBefore, deleteColumn, deleteRow, deleteTable, goToNextCell, isInTable, tableEditing,
  tableNodes, toggleHeaderRow,
} from 'prosemirror-tables';
export { EditorView } from 'prosemirror-view';
