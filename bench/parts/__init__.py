"""What is measured: one file per question. Each has `measure`, which gives figures, and `show`, which makes tables of them."""
