// data-focus: the point of a picture that a crop keeps, picked by a click in it or by the arrow keys; the two fields hold it.
for (const box of document.querySelectorAll('[data-focus]')) mount(box, box.closest('form'));

export function mount(box, form) {
  const [across, down] = ['focus_x', 'focus_y'].map((name) => form.elements[name]);
  const mark = document.createElement('button');
  mark.type = 'button';
  mark.className = 'focus__mark';
  const show = () => {
    const [left, top] = [across.value || 50, down.value || 50];
    mark.style.left = `${left}%`;
    mark.style.top = `${top}%`;
    mark.setAttribute('aria-label', `Point that a crop keeps, ${left} per cent from the left and ${top} from the top: move it with the arrow keys`);
  };
  const set = (field, value) => {
    field.value = Math.max(0, Math.min(100, Math.round(value)));
    field.dispatchEvent(new Event('input', { bubbles: true }));
  };
  box.addEventListener('click', (event) => {
    if (event.target === mark) return;
    const area = box.getBoundingClientRect();
    set(across, ((event.clientX - area.left) / area.width) * 100);
    set(down, ((event.clientY - area.top) / area.height) * 100);
  });
  mark.addEventListener('keydown', (event) => {
    const step = { ArrowLeft: [across, -1], ArrowRight: [across, 1], ArrowUp: [down, -1], ArrowDown: [down, 1] }[event.key];
    if (!step) return;
    event.preventDefault();
    set(step[0], Number(step[0].value || 50) + step[1] * (event.shiftKey ? 10 : 2));
  });
  for (const field of [across, down]) field.addEventListener('input', show);
  box.append(mark);
  show();
}
